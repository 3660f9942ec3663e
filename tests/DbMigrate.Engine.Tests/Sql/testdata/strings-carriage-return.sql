SELECT 'one''two;';SELECT 'a' -- c'b;';
SELECT 'a'	
 'b;';
