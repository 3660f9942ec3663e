SELECT 1 +-- a; comment
2;
SELECT 1 */* a; comment */ 2;
SELECT a @-- a comment;
b FROM t;
SELECT a <@/* ; */b FROM t;
SELECT 5 - -1, 5 -/**/-1;
SELECT 2*/*;*/3;
