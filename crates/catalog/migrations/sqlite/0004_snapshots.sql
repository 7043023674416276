-- Snapshots by themselves: named, under several images, copied alone.
-- Statements are set apart by a blank line; each is one step of the migration.

-- Several images may rest on one snapshot, and `image_disk.snapshot` alone says which. The column `image` is no longer read
-- or written: it stays, because SQLite does not drop a column that refers to another table, and holds nothing from here on.
UPDATE snapshot SET image = NULL WHERE image IS NOT NULL;

DROP INDEX snapshot_by_image;

-- Snapshots are searched together with those that are promised, by account.
DROP INDEX snapshot_copied;

DROP INDEX snapshot_own;

ALTER TABLE snapshot ADD COLUMN name TEXT NOT NULL DEFAULT '' CHECK (length(name) <= 128);

ALTER TABLE snapshot ADD COLUMN description TEXT NOT NULL DEFAULT '' CHECK (length(description) <= 256);

-- A carrier is no image to anybody: it takes one snapshot through a copy and goes with it.
ALTER TABLE image ADD COLUMN purpose TEXT NOT NULL DEFAULT 'image' CHECK (purpose IN ('image', 'carrier'));

-- The snapshot that a copy of a snapshot alone makes here, by the id that was promised.
ALTER TABLE copy ADD COLUMN snapshot TEXT CHECK (length(snapshot) = 25 AND snapshot GLOB 'snap-*');

-- Snapshots whose contents are still on their way, and, with a cause, those whose copy failed. `tags`: a JSON object.
CREATE TABLE promised_snapshot (
    id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 25 AND id GLOB 'snap-*'),
    account         TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    name            TEXT    NOT NULL CHECK (length(name) <= 128),
    description     TEXT    NOT NULL CHECK (length(description) <= 256),
    tags            TEXT    NOT NULL CHECK (json_valid(tags)),
    role            INTEGER NOT NULL CHECK (role BETWEEN 0 AND 16),
    size_bytes      INTEGER NOT NULL CHECK (size_bytes > 0 AND size_bytes % 512 = 0),
    origin_region   TEXT    NOT NULL,
    origin_image    TEXT    NOT NULL,
    origin_snapshot TEXT    NOT NULL,
    origin_copy     TEXT    NOT NULL UNIQUE,
    encryption_key  TEXT,
    cause           TEXT,
    cause_number    INTEGER CHECK (cause_number >= 0),
    created         INTEGER NOT NULL,
    CHECK ((cause IS NULL) = (cause_number IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX promised_snapshot_listed ON promised_snapshot (account, created, id);
