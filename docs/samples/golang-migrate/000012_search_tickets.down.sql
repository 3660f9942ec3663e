DROP VIEW IF EXISTS agent_load;
DROP INDEX IF EXISTS idx_tickets_search;
ALTER TABLE tickets DROP COLUMN IF EXISTS search;
