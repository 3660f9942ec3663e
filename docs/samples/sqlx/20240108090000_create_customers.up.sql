-- Everybody who ever ordered from the shop.
CREATE TABLE customers (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email       text NOT NULL,
    full_name   text NOT NULL,
    phone       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customers_email_has_at CHECK (position('@' in email) > 1)
);

CREATE UNIQUE INDEX customers_email_key ON customers (lower(email));

CREATE TABLE addresses (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id  bigint NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    street       text NOT NULL,
    postal_code  text NOT NULL,
    city         text NOT NULL,
    country      char(2) NOT NULL
);

CREATE INDEX addresses_customer_id_idx ON addresses (customer_id);
