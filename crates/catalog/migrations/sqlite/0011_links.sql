-- What operators changed, while it ran, of the links into this region: a row for each source whose link they changed.
-- `limit_set`: 1 where they set the limit, which then counts instead of the configuration's; NULL in `limit_bytes_per_sec` is
-- then no limit. 0 where the configuration's counts. `copies_at_once`: NULL for no limit but those of the region.
CREATE TABLE link_setting (
    source_region       TEXT    NOT NULL PRIMARY KEY CHECK (source_region <> ''),
    limit_set           INTEGER NOT NULL CHECK (limit_set IN (0, 1)),
    limit_bytes_per_sec INTEGER CHECK (limit_bytes_per_sec >= 1024),
    copies_at_once      INTEGER CHECK (copies_at_once BETWEEN 1 AND 4294967295),
    is_paused           INTEGER NOT NULL CHECK (is_paused IN (0, 1)),
    changed             INTEGER NOT NULL,
    CHECK (limit_set = 1 OR limit_bytes_per_sec IS NULL)
) STRICT, WITHOUT ROWID;

-- A claim asks by which link each copy comes: the two indexes it reads have that too from here on.
DROP INDEX copy_live;

CREATE INDEX copy_live ON copy (account, created, id, state, next_attempt, lease_until, finished, source_region)
    WHERE finished IS NULL;

DROP INDEX copy_leased;

CREATE INDEX copy_leased ON copy (lease_until, account, state, finished, source_region) WHERE finished IS NULL;
