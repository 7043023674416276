-- Who is signed in to the web console, and links that sign in once. Statements are set apart by a blank line; each is one
-- step of the migration.

-- `digest`: SHA-256 of the token, which is stored nowhere. `access_key`: NULL where a link opened it.
CREATE TABLE session (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user       TEXT    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    access_key TEXT    REFERENCES access_key (id) ON DELETE CASCADE,
    created    INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL CHECK (last_seen >= created),
    expires    INTEGER NOT NULL CHECK (expires > created)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_user ON session (user, created);

CREATE INDEX session_by_key ON session (access_key);

-- What was not used for long is over, and what is over is not used.
CREATE INDEX session_by_last_seen ON session (last_seen);

CREATE TABLE sign_in_link (
    digest  BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user    TEXT    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL CHECK (expires > created)
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_link_by_user ON sign_in_link (user, created);

CREATE INDEX sign_in_link_expiring ON sign_in_link (expires);
