-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY comments_by_post ON comments (post_id);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY comments_by_post;
