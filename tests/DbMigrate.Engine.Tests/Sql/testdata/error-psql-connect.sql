SELECT 1;
-- \c is fine here
SELECT '\c';
\connect other
SELECT 2;
