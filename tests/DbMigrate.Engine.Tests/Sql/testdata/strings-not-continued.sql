SELECT 'a' /* c
*/ , 'b';
SELECT 'a'
- 1;
SELECT 'a'-- c
;
