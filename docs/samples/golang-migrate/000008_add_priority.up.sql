CREATE TYPE ticket_priority AS ENUM ('low', 'normal', 'high', 'urgent');

-- A constant default is stored in the catalogue: no rewrite of the table (PostgreSQL 11 and later).
ALTER TABLE tickets ADD COLUMN priority ticket_priority NOT NULL DEFAULT 'normal';
