-- Nobody would take the catalogue back, so there is no down file.
INSERT INTO categories (name, slug) VALUES
    ('Coffee', 'coffee'),
    ('Tea', 'tea'),
    ('Brewing gear; grinders & kettles', 'gear');

INSERT INTO products (sku, category_id, title, price_cents)
SELECT v.sku, c.id, v.title, v.price_cents
  FROM (VALUES
        ('COF-ETH-250', 'coffee', 'Ethiopia Sidamo, 250 g',  990),
        ('COF-COL-250', 'coffee', 'Colombia Huila, 250 g',   890),
        ('TEA-SEN-100', 'tea',    'Sencha, 100 g',           750),
        ('GEA-KET-001', 'gear',   'Gooseneck kettle, 0.8 l', 5900)
       ) AS v (sku, slug, title, price_cents)
  JOIN categories c ON c.slug = v.slug;
