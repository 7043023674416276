-- What changing requests were answered, for dialects in which the same request may come again: it gets its answer back.
-- Statements are set apart by a blank line; each is one step of the migration.

-- `digest`: of all that makes the request what it is. The body has at most 256 KiB.
CREATE TABLE answer (
    digest  BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    status  INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
    body    TEXT    NOT NULL CHECK (length(CAST(body AS BLOB)) <= 262144),
    expires INTEGER NOT NULL
) STRICT;

CREATE INDEX answer_expiring ON answer (expires);
