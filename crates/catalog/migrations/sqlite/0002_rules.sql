-- What surrounds the copy: kinds, sharing, local files, encryption, tickets, meters, and more in the audit trail.
-- Statements are set apart by a blank line; each is one step of the migration.

-- `shared` is how other accounts see a custom image; it is never stored.
ALTER TABLE image ADD COLUMN kind TEXT NOT NULL DEFAULT 'custom' CHECK (kind IN ('custom', 'public', 'marketplace'));

ALTER TABLE image ADD COLUMN storage TEXT NOT NULL DEFAULT 'snapshots' CHECK (storage IN ('snapshots', 'local_file'));

-- The key that seals its disks; none where they are plain.
ALTER TABLE image ADD COLUMN encryption_key TEXT;

-- What every account sees.
CREATE INDEX image_published ON image (kind, created, id) WHERE kind <> 'custom';

CREATE INDEX image_sealed ON image (account, encryption_key) WHERE encryption_key IS NOT NULL;

ALTER TABLE snapshot ADD COLUMN encryption_key TEXT;

CREATE INDEX snapshot_sealed ON snapshot (account, encryption_key) WHERE encryption_key IS NOT NULL;

-- The key of this region that the copy seals with.
ALTER TABLE copy ADD COLUMN encryption_key TEXT;

-- Whether the source image is sealed, in its own region.
ALTER TABLE copy ADD COLUMN source_sealed INTEGER NOT NULL DEFAULT 0 CHECK (source_sealed IN (0, 1));

-- The local image whose file the region converts by itself; none for an import that a client sends.
ALTER TABLE import ADD COLUMN source_image TEXT;

-- A local file is converted once at a time.
CREATE UNIQUE INDEX import_of_local_file ON import (source_image) WHERE source_image IS NOT NULL;

CREATE TABLE image_share (
    image   TEXT    NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    account TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    created INTEGER NOT NULL,
    PRIMARY KEY (image, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX image_share_received ON image_share (account, created, image);

-- The file of an image that was registered in place. `file`: a name in the account's folder of local images.
CREATE TABLE local_file (
    image  TEXT NOT NULL PRIMARY KEY REFERENCES image (id) ON DELETE CASCADE,
    file   TEXT NOT NULL CHECK (length(file) BETWEEN 1 AND 255),
    format TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The embedded key ring: keys and, sealed under the master key, what they wrap with.
CREATE TABLE encryption_key (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 24 AND id GLOB 'key-*'),
    account    TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    state      TEXT    NOT NULL CHECK (state IN ('enabled', 'disabled', 'pending_deletion', 'deleted')),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    delete_at  INTEGER,
    created    INTEGER NOT NULL,
    generation INTEGER NOT NULL CHECK (generation >= 0),
    CHECK ((delete_at IS NOT NULL) = (state = 'pending_deletion'))
) STRICT, WITHOUT ROWID;

CREATE INDEX encryption_key_listed ON encryption_key (account, created, id);

CREATE UNIQUE INDEX encryption_key_default ON encryption_key (account) WHERE is_default = 1;

CREATE INDEX encryption_key_doomed ON encryption_key (delete_at) WHERE delete_at IS NOT NULL;

CREATE TABLE encryption_key_version (
    key     TEXT    NOT NULL REFERENCES encryption_key (id),
    version INTEGER NOT NULL CHECK (version > 0),
    sealed  BLOB    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (key, version)
) STRICT, WITHOUT ROWID;

-- One data key for each domain that a key seals, wrapped by that key.
CREATE TABLE sealed_domain (
    account        TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    encryption_key TEXT    NOT NULL,
    wrapped        BLOB    NOT NULL,
    created        INTEGER NOT NULL,
    PRIMARY KEY (account, encryption_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 27 AND id GLOB 'ticket-*'),
    account    TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    asked_by   TEXT    NOT NULL,
    image      TEXT    NOT NULL,
    why        TEXT    NOT NULL CHECK (length(why) BETWEEN 1 AND 1000),
    state      TEXT    NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
    decided_by TEXT,
    decided    INTEGER,
    answer     TEXT    NOT NULL CHECK (length(answer) <= 1000),
    until      INTEGER,
    created    INTEGER NOT NULL,
    generation INTEGER NOT NULL CHECK (generation >= 0),
    CHECK ((decided IS NOT NULL) = (state <> 'open') AND (decided_by IS NOT NULL) = (state <> 'open')),
    CHECK ((until IS NOT NULL) = (state = 'approved'))
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_listed ON ticket (account, created, id);

CREATE INDEX ticket_of_image ON ticket (account, image, created, id);

CREATE INDEX ticket_by_state ON ticket (state, created, id);

CREATE INDEX ticket_by_time ON ticket (created, id);

-- `copy`: what the approval for this target was spent on.
CREATE TABLE ticket_target (
    ticket TEXT NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    copy   TEXT CHECK (copy GLOB 'copy-*'),
    PRIMARY KEY (ticket, target)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX ticket_spent ON ticket_target (copy) WHERE copy IS NOT NULL;

-- Copies whose approval was given back because their target did not know them. Should one be accepted after all, late, it
-- must spend the approval anew before it may read the image.
CREATE TABLE ticket_return (
    copy     TEXT    NOT NULL PRIMARY KEY CHECK (copy GLOB 'copy-*'),
    ticket   TEXT    NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
    target   TEXT    NOT NULL,
    returned INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Bytes on the wire of a copy into this region, by UTC day. `day`: days since 1970-01-01.
CREATE TABLE traffic (
    copy    TEXT    NOT NULL CHECK (copy GLOB 'copy-*'),
    day     INTEGER NOT NULL,
    account TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    source  TEXT    NOT NULL,
    bytes   INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (copy, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX traffic_by_day ON traffic (account, day, source, bytes);

-- What copies from before sent, on the day on which they began.
INSERT INTO traffic (copy, day, account, source, bytes)
    SELECT id, coalesce(started, created) / 86400000, account, source_region, bytes_sent FROM copy WHERE bytes_sent > 0;

-- How long a snapshot has taken its bytes; `ended` is none while it is there.
CREATE TABLE storage_span (
    snapshot TEXT    NOT NULL PRIMARY KEY,
    account  TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    began    INTEGER NOT NULL,
    ended    INTEGER CHECK (ended >= began)
) STRICT, WITHOUT ROWID;

CREATE INDEX storage_span_by_time ON storage_span (account, ended, began);

INSERT INTO storage_span (snapshot, account, bytes, began, ended)
    SELECT id, account, places * 65536, created, NULL FROM snapshot;

-- What a unit costs from a UTC day on, in millionths of the currency.
CREATE TABLE rate (
    meter    TEXT    NOT NULL CHECK (meter IN ('traffic', 'storage')),
    from_day INTEGER NOT NULL,
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    micros   INTEGER NOT NULL CHECK (micros >= 0),
    set_at   INTEGER NOT NULL,
    PRIMARY KEY (meter, from_day)
) STRICT, WITHOUT ROWID;

-- Who of the account, and how the subject stood before and after. Rows from before have none of these.
ALTER TABLE audit ADD COLUMN actor TEXT NOT NULL DEFAULT '';

ALTER TABLE audit ADD COLUMN before TEXT NOT NULL DEFAULT '';

ALTER TABLE audit ADD COLUMN after TEXT NOT NULL DEFAULT '';

CREATE INDEX audit_by_account ON audit (account, seq);

CREATE INDEX audit_by_subject ON audit (subject, seq);
