SELECT $1, $2::int, t.a[$3], $1+$2;
SELECT 1;
