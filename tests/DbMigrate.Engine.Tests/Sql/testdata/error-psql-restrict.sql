-- dump
\restrict aBcD
SELECT 1;
