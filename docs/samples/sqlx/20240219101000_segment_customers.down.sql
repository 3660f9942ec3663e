ALTER TABLE customers DROP COLUMN segment;
DROP TYPE customer_segment;
