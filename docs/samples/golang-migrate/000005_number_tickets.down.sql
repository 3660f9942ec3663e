BEGIN;

DROP TRIGGER IF EXISTS trg_number_ticket ON tickets;
DROP FUNCTION IF EXISTS number_ticket();
ALTER TABLE projects DROP COLUMN IF EXISTS last_ticket_number;

COMMIT;
