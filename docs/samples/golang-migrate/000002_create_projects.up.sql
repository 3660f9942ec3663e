CREATE TABLE projects (
    id        bigserial PRIMARY KEY,
    key       varchar(10) NOT NULL UNIQUE CHECK (key ~ '^[A-Z][A-Z0-9]+$'),
    name      varchar(200) NOT NULL,
    owner_id  bigint NOT NULL REFERENCES users (id)
);

CREATE TABLE project_members (
    project_id  bigint NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id     bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, user_id)
);
