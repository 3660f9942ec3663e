SELECT U&'d\0061t\+000061;', u&'it''s; \\';
SELECT U&'d!0061t!+000061;' UESCAPE '!';
SELECT U&"d\0061t;a", u&"a""b;c" FROM U&"t!003b" UESCAPE '!';
SELECT u & 1, u&1, U&y FROM t;
