CREATE MATERIALIZED VIEW sales_by_month AS
SELECT date_trunc('month', o.placed_at AT TIME ZONE 'UTC')::date AS month,
       c.name AS category,
       sum(l.quantity) AS items,
       sum(l.quantity * l.price_cents) AS revenue_cents
  FROM orders o
  JOIN order_lines l ON l.order_id = o.id
  JOIN products p ON p.id = l.product_id
  JOIN categories c ON c.id = p.category_id
 WHERE o.status IN ('paid', 'shipped')
 GROUP BY 1, 2;

CREATE UNIQUE INDEX sales_by_month_key ON sales_by_month (month, category);
