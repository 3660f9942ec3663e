CREATE OR REPLACE FUNCTION touch() RETURNS trigger AS $body$
DECLARE
  n int := 0;
BEGIN
  -- it's a comment; with a quote
  NEW.changed := now();
  EXECUTE format($x$ UPDATE %I SET a = $1; $x$, TG_TABLE_NAME) USING n;
  RETURN NEW;
END;
$body$ LANGUAGE plpgsql;

DO $$ BEGIN PERFORM 1; END $$;
DO LANGUAGE plpgsql 'BEGIN PERFORM ''a;b''; END';
