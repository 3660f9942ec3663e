CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_tickets_open ON tickets (project_id, created_at) WHERE state = 'open';
