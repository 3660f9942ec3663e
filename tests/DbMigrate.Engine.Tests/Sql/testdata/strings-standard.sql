SELECT 'it''s; fine', '', 'back\slash';
SELECT 'ends with \'; SELECT 'next';
SELECT '-- no comment', '/* nor this */', '$$ nor this';
SELECT 'two
lines;
three';
