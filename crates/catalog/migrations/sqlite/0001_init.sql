-- One region's rows. Statements are set apart by a blank line; each is one step of the migration.
-- Words that stand for states never change meaning. Times are milliseconds since 1970-01-01 UTC.

-- Deleting an image in use here is refused by the references below, checked at commit.
CREATE TABLE image (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 24 AND id GLOB 'img-*'),
    account       TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    name          TEXT    NOT NULL CHECK (length(name) BETWEEN 2 AND 128),
    description   TEXT    NOT NULL CHECK (length(description) <= 256),
    status        TEXT    NOT NULL CHECK (status IN ('creating', 'available', 'create_failed')),
    architecture  TEXT    NOT NULL CHECK (architecture IN ('x86_64', 'arm64', 'i386', 'riscv64')),
    os_type       TEXT    NOT NULL CHECK (os_type IN ('linux', 'windows', 'other')),
    platform      TEXT    NOT NULL CHECK (length(platform) <= 64),
    boot_mode     TEXT    NOT NULL CHECK (boot_mode IN ('bios', 'uefi')),
    origin_region TEXT,
    origin_image  TEXT,
    origin_copy   TEXT,
    cause         TEXT,
    cause_number  INTEGER CHECK (cause_number >= 0),
    created       INTEGER NOT NULL,
    generation    INTEGER NOT NULL CHECK (generation >= 0),
    CHECK ((origin_region IS NULL) = (origin_copy IS NULL) AND (origin_image IS NULL) = (origin_copy IS NULL)),
    CHECK ((cause IS NULL) = (cause_number IS NULL)),
    CHECK (cause IS NULL OR status = 'create_failed')
) STRICT, WITHOUT ROWID;

-- Every cloud's shorter form of an id names one image.
CREATE UNIQUE INDEX image_leading ON image (substr(id, 1, 12));

CREATE INDEX image_listed ON image (account, created, id);

CREATE INDEX image_listed_by_status ON image (account, status, created, id);

CREATE INDEX image_listed_by_name ON image (account, name, created, id);

CREATE TABLE image_tag (
    image TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    key   TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    value TEXT NOT NULL CHECK (length(value) <= 128),
    PRIMARY KEY (image, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
    id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 25 AND id GLOB 'snap-*'),
    account         TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    image           TEXT    REFERENCES image (id) DEFERRABLE INITIALLY DEFERRED,
    role            INTEGER NOT NULL CHECK (role BETWEEN 0 AND 16),
    size_bytes      INTEGER NOT NULL CHECK (size_bytes > 0 AND size_bytes % 512 = 0),
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    places          INTEGER NOT NULL CHECK (places >= 0),
    origin_region   TEXT,
    origin_image    TEXT,
    origin_snapshot TEXT,
    origin_copy     TEXT,
    created         INTEGER NOT NULL,
    CHECK ((origin_region IS NULL) = (origin_copy IS NULL) AND (origin_image IS NULL) = (origin_copy IS NULL)),
    CHECK (origin_snapshot IS NULL OR origin_copy IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX snapshot_listed ON snapshot (account, created, id);

CREATE INDEX snapshot_copied ON snapshot (account, created, id) WHERE origin_copy IS NOT NULL;

CREATE INDEX snapshot_own ON snapshot (account, created, id) WHERE origin_copy IS NULL;

CREATE INDEX snapshot_by_image ON snapshot (image, role) WHERE image IS NOT NULL;

CREATE TABLE image_disk (
    image      TEXT    NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    role       INTEGER NOT NULL CHECK (role BETWEEN 0 AND 16),
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0 AND size_bytes % 512 = 0),
    digest     BLOB    CHECK (length(digest) = 32),
    snapshot   TEXT    REFERENCES snapshot (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (image, role),
    CHECK (snapshot IS NULL OR digest IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX image_disk_by_snapshot ON image_disk (snapshot) WHERE snapshot IS NOT NULL;

-- A copy into this region. The row stays as history, so it refers to no image.
-- `digests`: 32 bytes a disk. `snapshots`: ids parted by a space.
CREATE TABLE copy (
    id             TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 25 AND id GLOB 'copy-*'),
    account        TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    target_image   TEXT    NOT NULL,
    source_region  TEXT    NOT NULL,
    source_image   TEXT    NOT NULL,
    state          TEXT    NOT NULL
                   CHECK (state IN ('queued', 'held', 'stored', 'published', 'done', 'unwinding', 'ended')),
    digests        BLOB    CHECK (length(digests) % 32 = 0),
    snapshots      TEXT,
    cause          TEXT,
    cause_number   INTEGER CHECK (cause_number >= 0),
    done           INTEGER NOT NULL CHECK (done >= 0),
    needed         INTEGER NOT NULL CHECK (needed >= 0),
    disks          INTEGER NOT NULL CHECK (disks BETWEEN 0 AND 17),
    disks_done     INTEGER NOT NULL CHECK (disks_done BETWEEN 0 AND disks),
    bytes_sent     INTEGER NOT NULL CHECK (bytes_sent >= 0),
    bytes_reused   INTEGER NOT NULL CHECK (bytes_reused >= 0),
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    total_attempts INTEGER NOT NULL CHECK (total_attempts >= 0),
    next_attempt   INTEGER NOT NULL,
    reason         TEXT,
    created        INTEGER NOT NULL,
    started        INTEGER,
    finished       INTEGER,
    generation     INTEGER NOT NULL CHECK (generation >= 0),
    fence          INTEGER NOT NULL CHECK (fence >= 0),
    lease_until    INTEGER NOT NULL,
    worker         TEXT,
    CHECK ((digests IS NOT NULL) = (state IN ('held', 'stored'))),
    CHECK ((snapshots IS NOT NULL) = (state IN ('published', 'done'))),
    CHECK ((cause IS NOT NULL) = (state IN ('unwinding', 'ended'))),
    CHECK ((cause IS NULL) = (cause_number IS NULL)),
    CHECK ((finished IS NOT NULL) = (state IN ('done', 'ended'))),
    CHECK ((worker IS NULL) = (lease_until = 0))
) STRICT, WITHOUT ROWID;

CREATE INDEX copy_listed ON copy (account, created, id);

CREATE INDEX copy_ended ON copy (account, created, id) WHERE finished IS NOT NULL;

-- Also what a claim reads: it never touches the rows of copies that it does not take.
CREATE INDEX copy_live ON copy (account, created, id, state, next_attempt, lease_until, finished) WHERE finished IS NULL;

CREATE INDEX copy_leased ON copy (lease_until, account, state, finished) WHERE finished IS NULL;

CREATE INDEX copy_waiting ON copy (account, created, id, state, worker) WHERE state = 'queued' AND worker IS NULL;

CREATE INDEX copy_finishing ON copy (created, id) WHERE state IN ('published', 'unwinding');

CREATE INDEX copy_by_target_image ON copy (target_image, created, id);

CREATE INDEX copy_by_state ON copy (state);

CREATE INDEX copy_with_digests ON copy (id) WHERE digests IS NOT NULL;

-- An image is copied here once at a time.
CREATE UNIQUE INDEX copy_running ON copy (account, source_region, source_image) WHERE finished IS NULL;

-- The source's snapshots under the disks of a copy, so that the target's can name where they come from.
CREATE TABLE copy_disk (
    copy            TEXT    NOT NULL REFERENCES copy (id) ON DELETE CASCADE,
    role            INTEGER NOT NULL CHECK (role BETWEEN 0 AND 16),
    source_snapshot TEXT    NOT NULL,
    PRIMARY KEY (copy, role)
) STRICT, WITHOUT ROWID;

-- A source image that a copy into another region needs. The reference keeps it from being deleted.
CREATE TABLE hold (
    copy     TEXT    NOT NULL PRIMARY KEY CHECK (copy GLOB 'copy-*'),
    account  TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    image    TEXT    NOT NULL REFERENCES image (id) DEFERRABLE INITIALLY DEFERRED,
    target   TEXT    NOT NULL,
    standing TEXT    NOT NULL CHECK (standing IN ('offered', 'confirmed')),
    created  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX hold_by_image ON hold (image, created, copy);

CREATE TABLE import (
    image   TEXT    NOT NULL PRIMARY KEY REFERENCES image (id) DEFERRABLE INITIALLY DEFERRED,
    account TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    account     TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    action      TEXT    NOT NULL,
    token       TEXT    NOT NULL CHECK (length(token) BETWEEN 1 AND 64),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    answer      TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    PRIMARY KEY (account, action, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_age ON token (created);

-- `lowered`: the limit was set below what there was, and still is.
CREATE TABLE quota (
    account  TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    kind     TEXT    NOT NULL CHECK (kind IN ('image', 'snapshot')),
    most     INTEGER NOT NULL CHECK (most >= 0),
    used     INTEGER NOT NULL CHECK (used >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    lowered  INTEGER NOT NULL CHECK (lowered IN (0, 1)),
    PRIMARY KEY (account, kind),
    CHECK (lowered = 1 OR used + reserved <= most)
) STRICT, WITHOUT ROWID;

-- An instance keeps its image's id when the image is deleted by force, so it refers to none.
CREATE TABLE instance (
    id      TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 22 AND id GLOB 'i-*'),
    account TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    name    TEXT    NOT NULL CHECK (length(name) BETWEEN 2 AND 128),
    image   TEXT    NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX instance_listed ON instance (account, created, id);

CREATE INDEX instance_by_image ON instance (image);

-- Each row's digest covers the one before it. Rows are appended, never changed.
CREATE TABLE audit (
    seq        INTEGER NOT NULL PRIMARY KEY CHECK (seq > 0),
    at         INTEGER NOT NULL,
    account    TEXT,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- The last row of the chain, so that one cut off at its end is seen.
CREATE TABLE audit_head (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq    INTEGER NOT NULL CHECK (seq >= 0),
    digest BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;

INSERT INTO audit_head (one, seq, digest) VALUES (1, 0, zeroblob(32));
