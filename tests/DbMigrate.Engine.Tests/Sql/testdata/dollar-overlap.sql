SELECT $a$ $a $ab$ $$a$;
SELECT $ab$ $a$ab$;
SELECT $$ $a$$;
SELECT $a$ $b$a$;
