-- The nonces of signed requests. Statements are set apart by a blank line; each is one step of the migration.

CREATE TABLE nonce (
    access_key TEXT    NOT NULL CHECK (length(access_key) > 0),
    nonce      TEXT    NOT NULL CHECK (length(nonce) BETWEEN 1 AND 128),
    expires    INTEGER NOT NULL,
    PRIMARY KEY (access_key, nonce)
) STRICT, WITHOUT ROWID;

CREATE INDEX nonce_expiring ON nonce (expires);
