-- Accounts and their access keys. Statements are set apart by a blank line; each is one step of the migration.

CREATE TABLE account (
    id      TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 25 AND id GLOB 'acct-*'),
    name    TEXT    NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX account_listed ON account (created, id);

-- The secret is sealed (`docs/formats.md` 7).
CREATE TABLE access_key (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 25 AND id GLOB 'FERRY*'),
    account       TEXT    NOT NULL REFERENCES account (id),
    sealed_secret BLOB    NOT NULL CHECK (length(sealed_secret) > 0),
    created       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX access_key_listed ON access_key (account, created, id);
