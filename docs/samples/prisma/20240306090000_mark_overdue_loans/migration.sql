-- The new enum value may be used only after the migration that added it has been committed.
UPDATE "Loan" SET "state" = 'OVERDUE' WHERE "state" = 'OUT' AND "dueOn" < CURRENT_DATE;

CREATE FUNCTION "mark_overdue_loans"() RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
    touched INTEGER;
BEGIN
    UPDATE "Loan" SET "state" = 'OVERDUE' WHERE "state" = 'OUT' AND "dueOn" < CURRENT_DATE;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END;
$$;
