BEGIN;

ALTER TABLE projects ADD COLUMN last_ticket_number integer NOT NULL DEFAULT 0;

-- Every project counts from 1; the row lock on the project keeps the numbers without gaps.
CREATE FUNCTION number_ticket() RETURNS trigger AS $$
BEGIN
    UPDATE projects
       SET last_ticket_number = last_ticket_number + 1
     WHERE id = NEW.project_id
    RETURNING last_ticket_number INTO NEW.number;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER trg_number_ticket
    BEFORE INSERT ON tickets
    FOR EACH ROW WHEN (NEW.number IS NULL)
    EXECUTE FUNCTION number_ticket();

COMMIT;
