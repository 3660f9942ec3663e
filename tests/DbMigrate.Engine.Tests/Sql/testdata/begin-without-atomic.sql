BEGIN; SELECT 1; END;
CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'select 1; select 2';
CREATE FUNCTION f(begin int, atomic int) RETURNS begin LANGUAGE sql AS $$ SELECT 1; $$;
CREATE TABLE begin (atomic int); SELECT begin atomic FROM begin; SELECT 1;
BEGIN ISOLATION LEVEL SERIALIZABLE; COMMIT;
