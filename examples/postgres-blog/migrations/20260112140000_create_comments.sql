-- migrate:up
CREATE TABLE comments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id bigint NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    author text NOT NULL,
    body text NOT NULL
);

-- migrate:down
DROP TABLE comments;
