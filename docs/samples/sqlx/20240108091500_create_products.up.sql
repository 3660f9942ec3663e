CREATE TABLE categories (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id  integer REFERENCES categories (id),
    name       text NOT NULL,
    slug       text NOT NULL UNIQUE
);

CREATE TABLE products (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku          text NOT NULL UNIQUE,
    category_id  integer NOT NULL REFERENCES categories (id),
    title        text NOT NULL,
    description  text NOT NULL DEFAULT '',
    price_cents  bigint NOT NULL CHECK (price_cents >= 0),
    active       boolean NOT NULL DEFAULT true
);

CREATE INDEX products_category_id_idx ON products (category_id) WHERE active;

COMMENT ON COLUMN products.price_cents IS 'Gross price in the shop''s currency; see orders for what was really paid.';
