ALTER TABLE tickets DROP COLUMN IF EXISTS priority;
DROP TYPE IF EXISTS ticket_priority;
