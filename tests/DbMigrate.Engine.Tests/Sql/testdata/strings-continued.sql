SELECT 'one'
  ' two;'
  -- a comment; between
  ' three';
SELECT 'a' -- a comment on the same line; too

'b;', E'\''
'\';';
SELECT U&'x'
    '\003b', B'1'
  '0';
SELECT 'a' AS "b'", 'c'
;
SELECT 'last'

;
