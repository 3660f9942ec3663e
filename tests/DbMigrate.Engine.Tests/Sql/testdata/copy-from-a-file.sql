COPY t (a, b) FROM '/tmp/stdin' WITH (FORMAT csv, DELIMITER ';');
COPY t FROM PROGRAM 'cat;';
COPY (SELECT 'FROM STDIN' FROM t) TO '/tmp/x';
COPY "from" TO '/tmp/y';
