DELETE FROM products WHERE sku IN ('COF-ETH-250', 'COF-COL-250', 'TEA-SEN-100', 'GEA-KET-001');
DELETE FROM categories WHERE slug IN ('coffee', 'tea', 'gear');
