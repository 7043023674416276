-- Copies out of this region that were asked for together and of which it is not settled yet whether all are promised. What is
-- settled for them leaves no row; a row that is `withdrawn` stays until every target has taken its promises back.
-- `id`: the first of its copies. `action`, `token`: the caller's token, whose answer is this id meanwhile.
CREATE TABLE copy_batch (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (id GLOB 'copy-*'),
    account    TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    action     TEXT,
    token      TEXT,
    request_id TEXT    NOT NULL,
    standing   TEXT    NOT NULL CHECK (standing IN ('promising', 'withdrawn')),
    created    INTEGER NOT NULL,
    CHECK ((action IS NULL) = (token IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE copy_batch_member (
    copy   TEXT NOT NULL PRIMARY KEY CHECK (copy GLOB 'copy-*'),
    batch  TEXT NOT NULL REFERENCES copy_batch (id) ON DELETE CASCADE,
    target TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX copy_batch_member_listed ON copy_batch_member (batch, target, copy);

-- Copies into this region that their source took back, or will not have: an offer of one that comes late is refused.
CREATE TABLE withdrawn_copy (
    copy    TEXT    NOT NULL PRIMARY KEY CHECK (copy GLOB 'copy-*'),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX withdrawn_copy_by_age ON withdrawn_copy (created);
