-- Tags of snapshots and instances, as images have them. They go with what they are on.
-- Statements are set apart by a blank line; each is one step of the migration.

CREATE TABLE snapshot_tag (
    snapshot TEXT NOT NULL REFERENCES snapshot (id) ON DELETE CASCADE,
    key      TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    value    TEXT NOT NULL CHECK (length(value) <= 128),
    PRIMARY KEY (snapshot, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE instance_tag (
    instance TEXT NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    key      TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    value    TEXT NOT NULL CHECK (length(value) <= 128),
    PRIMARY KEY (instance, key)
) STRICT, WITHOUT ROWID;
