SELECT N'it''s; fine', n'x';
SELECT nn, n FROM t;
