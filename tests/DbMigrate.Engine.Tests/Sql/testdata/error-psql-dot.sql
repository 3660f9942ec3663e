SELECT 1;
1	a
\.
