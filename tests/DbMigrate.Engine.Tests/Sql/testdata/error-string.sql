SELECT 1;
SELECT 'it''s not closed;
SELECT 2;
