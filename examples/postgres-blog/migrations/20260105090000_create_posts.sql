-- migrate:up
CREATE TABLE posts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL CHECK (title <> ''),
    body text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
);

-- migrate:down
DROP TABLE posts;
