-- How copies into this region went over time; what a copy has here goes with its row.
-- A sample: bytes over the link and places here, altogether, at an instant. `sample_ms`: a copy's samples lie so far apart at least,
-- but for the last, which follows the copy; it doubles with each thinning.
ALTER TABLE copy ADD COLUMN sample_ms INTEGER NOT NULL DEFAULT 500 CHECK (sample_ms >= 500);

CREATE TABLE copy_sample (
    copy       TEXT    NOT NULL REFERENCES copy (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL,
    bytes_sent INTEGER NOT NULL CHECK (bytes_sent >= 0),
    done       INTEGER NOT NULL CHECK (done >= 0),
    needed     INTEGER NOT NULL CHECK (needed >= 0),
    PRIMARY KEY (copy, at)
) STRICT, WITHOUT ROWID;

-- An attempt that failed, the last ten of each copy. `number`: which claim of the copy it was.
CREATE TABLE copy_attempt (
    copy   TEXT    NOT NULL REFERENCES copy (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number >= 0),
    at     INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    PRIMARY KEY (copy, number)
) STRICT, WITHOUT ROWID;
