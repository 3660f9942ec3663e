-- The total lives on the order, so that the list of orders need not read every line.
CREATE FUNCTION refresh_order_total() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    touched bigint := coalesce(NEW.order_id, OLD.order_id);
BEGIN
    UPDATE orders
       SET total_cents = coalesce((SELECT sum(quantity * price_cents) FROM order_lines WHERE order_id = touched), 0)
     WHERE id = touched;
    RETURN NULL;  -- the result of an AFTER trigger is ignored
END;
$$;

CREATE TRIGGER order_lines_refresh_total
    AFTER INSERT OR UPDATE OR DELETE ON order_lines
    FOR EACH ROW EXECUTE FUNCTION refresh_order_total();
