-- Users with roles, keys and accounts that can be disabled, one id key for an account, and an audit trail.

ALTER TABLE account ADD COLUMN state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled'));

CREATE UNIQUE INDEX account_by_name ON account (name);

CREATE TABLE user (
    id      TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 25 AND id GLOB 'user-*'),
    account TEXT    NOT NULL REFERENCES account (id),
    name    TEXT    NOT NULL CHECK (length(name) BETWEEN 2 AND 128),
    role    TEXT    NOT NULL CHECK (role IN ('reader', 'owner', 'operator', 'admin')),
    state   TEXT    NOT NULL CHECK (state IN ('active', 'disabled')),
    created INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_listed ON user (account, created, id);

-- Who may administer: few.
CREATE INDEX user_admin ON user (account) WHERE role = 'admin' AND state = 'active';

-- Accounts from before get the user whom their keys belonged to in all but name.
INSERT INTO user (id, account, name, role, state, created)
    SELECT 'user-' || substr(id, 6), id, 'admin', 'admin', 'active', created FROM account;

ALTER TABLE access_key ADD COLUMN user TEXT NOT NULL DEFAULT '';

ALTER TABLE access_key ADD COLUMN state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled'));

UPDATE access_key SET user = 'user-' || substr(account, 6);

CREATE INDEX access_key_by_user ON access_key (user, created, id);

-- Names the chunks of an account's encrypted images; sealed under the master key. The account may be another process's.
CREATE TABLE id_key (
    account TEXT NOT NULL PRIMARY KEY CHECK (account GLOB 'acct-*'),
    sealed  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq        INTEGER NOT NULL PRIMARY KEY CHECK (seq > 0),
    at         INTEGER NOT NULL,
    account    TEXT,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    actor      TEXT    NOT NULL DEFAULT '',
    before     TEXT    NOT NULL DEFAULT '',
    after      TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX audit_by_account ON audit (account, seq);

CREATE INDEX audit_by_subject ON audit (subject, seq);

CREATE TABLE audit_head (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq    INTEGER NOT NULL CHECK (seq >= 0),
    digest BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;

INSERT INTO audit_head (one, seq, digest) VALUES (1, 0, zeroblob(32));
