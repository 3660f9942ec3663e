SELECT $$a;b$$, $tag$ ; $$ ; $Tag$ ; $tag$, $_x1$;$_x1$;
SELECT $a$ $b$ ; $a$, $a$$a$;
SELECT $$ it's; "here" -- no comment
/* nor here $$;
SELECT $é$ü;$é$, $日本$;$日本$;
SELECT $q$ $q $q$, $$$$;
