SELECT 'é日本😀'; SELECT 2; /* 😀 */ SELECT 3;
	SELECT 4;
  /* a
 b */ SELECT 5; SELECT 6;
