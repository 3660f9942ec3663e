SELECT B'0101', b'', X'1F', x'a';
SELECT 1 AS b, 2 AS x;
SELECT b'01'
  '10';
