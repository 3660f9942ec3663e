SELECT 1 AS a
  \gset pre_
SELECT 2;
