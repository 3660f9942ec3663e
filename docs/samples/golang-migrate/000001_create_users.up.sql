CREATE TABLE users (
    id          bigserial PRIMARY KEY,
    email       varchar(320) NOT NULL UNIQUE,
    name        varchar(200) NOT NULL,
    is_agent    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now()
);
