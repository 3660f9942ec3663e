DROP VIEW stock;
DROP TABLE stock_movements;
