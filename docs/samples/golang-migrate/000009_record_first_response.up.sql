ALTER TABLE tickets ADD COLUMN first_response_at timestamptz;

UPDATE tickets t
   SET first_response_at = f.at
  FROM (SELECT c.ticket_id, min(c.created_at) AS at
          FROM comments c
          JOIN users u ON u.id = c.author_id
         WHERE u.is_agent AND NOT c.internal
         GROUP BY c.ticket_id) f
 WHERE f.ticket_id = t.id;

CREATE FUNCTION record_first_response() RETURNS trigger AS $fn$
BEGIN
    IF NOT NEW.internal AND (SELECT is_agent FROM users WHERE id = NEW.author_id) THEN
        UPDATE tickets SET first_response_at = NEW.created_at
         WHERE id = NEW.ticket_id AND first_response_at IS NULL;
    END IF;
    RETURN NEW;
END;
$fn$ LANGUAGE plpgsql;

CREATE TRIGGER trg_record_first_response
    AFTER INSERT ON comments
    FOR EACH ROW EXECUTE FUNCTION record_first_response();
