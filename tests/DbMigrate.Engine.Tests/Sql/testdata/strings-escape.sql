SELECT E'it\'s; fine', e'\\', E'''', E'\\\'; still';
SELECT E'a''b\\'; SELECT E'\x41\101\u0041\U00000041\
';
SELECT 'E', ne FROM t;
