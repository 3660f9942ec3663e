CREATE FUNCTION f() RETURNS int BEGIN ATOMIC
  SELECT 1 AS "end";
  SELECT 1 AS end;
  SELECT 1 end;
  SELECT t.end FROM t;
  SELECT t.case, case when a then case when b then 1 end else 2 end case FROM t;
END;
SELECT 2;
