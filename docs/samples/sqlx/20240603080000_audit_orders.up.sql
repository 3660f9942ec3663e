CREATE TABLE order_audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id    bigint NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    changed_by  text NOT NULL DEFAULT current_user,
    before      jsonb,
    after       jsonb
);

CREATE INDEX order_audit_order_id_idx ON order_audit (order_id, changed_at);

CREATE FUNCTION audit_order() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    -- $$ is free in here; so is a lone ' in a comment
    INSERT INTO order_audit (order_id, before, after)
    VALUES (coalesce(NEW.id, OLD.id),
            CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END,
            CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END);
    RETURN NULL;
END;
$body$;

CREATE TRIGGER orders_audit
    AFTER INSERT OR UPDATE OR DELETE ON orders
    FOR EACH ROW EXECUTE FUNCTION audit_order();
