SELECT ARRAY[1, 2], a[1], '{1;2}'::int[];
CREATE TABLE t (a int[], b text[][3]);
