-- Tasks: imports of objects from buckets, and exports to them. A row stays after its task has ended, until it is tidied away,
-- so it refers to no image. `problem`: a word, only where it failed.
CREATE TABLE task (
    id       TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 25 AND id GLOB 'task-*'),
    account  TEXT    NOT NULL CHECK (account GLOB 'acct-*'),
    action   TEXT    NOT NULL CHECK (action IN ('import_image', 'export_image')),
    state    TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    image    TEXT    NOT NULL CHECK (image GLOB 'img-*'),
    problem  TEXT,
    created  INTEGER NOT NULL,
    finished INTEGER,
    CHECK ((finished IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))),
    CHECK ((problem IS NOT NULL) = (state = 'failed'))
) STRICT, WITHOUT ROWID;

CREATE INDEX task_listed ON task (account, created, id);

CREATE INDEX task_live ON task (created, id) WHERE finished IS NULL;

CREATE INDEX task_of_image ON task (image, action, created, id);

CREATE INDEX task_by_end ON task (finished) WHERE finished IS NOT NULL;

-- What a task reads or writes: one object for each disk. `size_bytes`: the virtual size of the disk in the object.
CREATE TABLE task_object (
    task       TEXT    NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    role       INTEGER NOT NULL CHECK (role BETWEEN 0 AND 16),
    bucket     TEXT    NOT NULL CHECK (length(bucket) BETWEEN 3 AND 63),
    object     TEXT    NOT NULL CHECK (length(object) >= 1),
    format     TEXT    NOT NULL CHECK (format IN ('raw', 'qcow2', 'vmdk', 'vhd')),
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0 AND size_bytes % 512 = 0),
    PRIMARY KEY (task, role)
) STRICT, WITHOUT ROWID;

-- The task that makes the image of objects by itself; none where a client sends the bytes or a local file is converted.
ALTER TABLE import ADD COLUMN task TEXT REFERENCES task (id) DEFERRABLE INITIALLY DEFERRED;

CREATE UNIQUE INDEX import_of_task ON import (task) WHERE task IS NOT NULL;
