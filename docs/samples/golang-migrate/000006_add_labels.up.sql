CREATE TABLE labels (
    id          bigserial PRIMARY KEY,
    project_id  bigint NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name        varchar(50) NOT NULL,
    color       char(7) NOT NULL DEFAULT '#808080' CHECK (color ~ '^#[0-9a-f]{6}$'),
    UNIQUE (project_id, name)
);

CREATE TABLE ticket_labels (
    ticket_id  bigint NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    label_id   bigint NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    PRIMARY KEY (ticket_id, label_id)
);

CREATE INDEX idx_ticket_labels_label_id ON ticket_labels (label_id);
