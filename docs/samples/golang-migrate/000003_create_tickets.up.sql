CREATE TYPE ticket_state AS ENUM ('open', 'waiting', 'solved', 'closed');

CREATE TABLE tickets (
    id            bigserial PRIMARY KEY,
    project_id    bigint NOT NULL REFERENCES projects (id),
    number        integer NOT NULL,
    title         varchar(300) NOT NULL,
    body          text NOT NULL DEFAULT '',
    state         ticket_state NOT NULL DEFAULT 'open',
    requester_id  bigint NOT NULL REFERENCES users (id),
    assignee_id   bigint REFERENCES users (id),
    created_at    timestamptz NOT NULL DEFAULT now(),
    solved_at     timestamptz,
    UNIQUE (project_id, number)
);

CREATE INDEX idx_tickets_requester_id ON tickets (requester_id);
CREATE INDEX idx_tickets_assignee_id ON tickets (assignee_id) WHERE state IN ('open', 'waiting');
