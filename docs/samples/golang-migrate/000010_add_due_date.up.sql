ALTER TABLE tickets ADD COLUMN due_at timestamptz;

ALTER TABLE tickets ADD CONSTRAINT tickets_due_after_created CHECK (due_at > created_at) NOT VALID;
