CREATE TABLE stock_movements (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id  bigint NOT NULL REFERENCES products (id),
    quantity    integer NOT NULL CHECK (quantity <> 0),
    reason      text NOT NULL,
    moved_at    timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX stock_movements_product_id_idx ON stock_movements (product_id, moved_at);

CREATE VIEW stock AS
SELECT p.id AS product_id, p.sku, coalesce(sum(m.quantity), 0) AS on_hand
  FROM products p
  LEFT JOIN stock_movements m ON m.product_id = p.id
 GROUP BY p.id, p.sku;

INSERT INTO stock_movements (product_id, quantity, reason)
SELECT id, 100, 'opening balance' FROM products;
