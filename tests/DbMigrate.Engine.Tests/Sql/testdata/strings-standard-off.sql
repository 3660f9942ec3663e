SELECT 'a\'; SELECT 1;
SET standard_conforming_strings = off;
SELECT 'a\'; SELECT 1;', 'b';
SET LOCAL standard_conforming_strings TO 'on';
SELECT 'a\'; SELECT 1;
COMMIT;
SELECT 'a\'; SELECT 1;', N'\';';
RESET standard_conforming_strings;
SELECT 'a\'; SELECT 1;
