SELECT 1, 1.5, .5, 1., 1e5, 1.5E-3, 1e+5, 1.e2, 100;
SELECT 0x1F, 0o17, 0b101, 1_000, 0x_F, 1_0.2_5e1_0;
SELECT a[1:2], a[1:], 1::text, '1'::int;
SELECT 1;SELECT 2;
