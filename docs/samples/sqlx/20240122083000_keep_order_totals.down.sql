DROP TRIGGER order_lines_refresh_total ON order_lines;
DROP FUNCTION refresh_order_total();
