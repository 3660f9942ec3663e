-- Step 1 of 2: the column, its values, and a constraint for new rows that does not scan the old ones.
ALTER TABLE orders ADD COLUMN currency char(3);
ALTER TABLE orders ALTER COLUMN currency SET DEFAULT 'EUR';

UPDATE orders SET currency = 'EUR' WHERE currency IS NULL;

ALTER TABLE orders ADD CONSTRAINT orders_currency_not_null CHECK (currency IS NOT NULL) NOT VALID;
