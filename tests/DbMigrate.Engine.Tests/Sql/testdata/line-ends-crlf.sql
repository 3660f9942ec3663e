SELECT 1;

  SELECT
  2;
SELECT 'a
b'; SELECT 3;
-- c
SELECT 4
