ALTER TABLE tickets ADD COLUMN search tsvector
    GENERATED ALWAYS AS (setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')) STORED;

CREATE INDEX idx_tickets_search ON tickets USING gin (search);

CREATE VIEW agent_load AS
SELECT u.id, u.name, count(t.id) AS open_tickets, min(t.due_at) AS next_due
  FROM users u
  LEFT JOIN tickets t ON t.assignee_id = u.id AND t.state IN ('open', 'waiting')
 WHERE u.is_agent
 GROUP BY u.id, u.name;
