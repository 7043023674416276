-- What an export may have left in its bucket: hidden files from when it begins to write, and from before it gives the first name
-- (`named`) also objects. The row goes when the export is done, or when an export that ended otherwise left nothing any more.
CREATE TABLE export_trace (
    task  TEXT    NOT NULL PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
    named INTEGER NOT NULL CHECK (named IN (0, 1))
) STRICT, WITHOUT ROWID;
