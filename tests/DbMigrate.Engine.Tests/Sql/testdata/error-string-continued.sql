SELECT 'a'
  'b;
