DROP TRIGGER IF EXISTS trg_record_first_response ON comments;
DROP FUNCTION IF EXISTS record_first_response();
ALTER TABLE tickets DROP COLUMN IF EXISTS first_response_at;
