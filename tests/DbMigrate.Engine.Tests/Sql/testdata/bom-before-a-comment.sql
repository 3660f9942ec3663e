-- made by a tool
SELECT 1;
