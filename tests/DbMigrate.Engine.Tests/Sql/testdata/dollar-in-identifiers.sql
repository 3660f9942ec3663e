SELECT a$b$ FROM t; SELECT a$$ FROM u;
SELECT tab$1, x$y$z FROM "t"; SELECT é$a$;
PREPARE p AS SELECT $1, $2::int;
SELECT $1 + $2;
