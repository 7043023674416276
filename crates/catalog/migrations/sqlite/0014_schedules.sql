-- Weekly windows of links, and how urgent copies are.
-- `schedule`: the windows as text, `; ` between them; empty where there are none. Times are UTC.
ALTER TABLE link_setting ADD COLUMN schedule TEXT NOT NULL DEFAULT '';

-- 0 is low, 1 normal, 2 high.
ALTER TABLE copy ADD COLUMN priority INTEGER NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2);

-- Until when the image is to be available; NULL where the copy has no deadline.
ALTER TABLE copy ADD COLUMN deadline INTEGER;

-- What the copy had to bring over the link when its deadline was promised, in bytes.
ALTER TABLE copy ADD COLUMN deadline_bytes INTEGER CHECK (deadline_bytes >= 0 AND (deadline IS NULL) = (deadline_bytes IS NULL));

-- A claim asks how urgent each copy is: the two indexes it reads have that too from here on.
DROP INDEX copy_live;

CREATE INDEX copy_live ON copy (account, created, id, state, next_attempt, lease_until, finished, source_region, priority, deadline)
    WHERE finished IS NULL;

DROP INDEX copy_leased;

CREATE INDEX copy_leased ON copy (lease_until, account, state, finished, source_region, priority, deadline, created, id)
    WHERE finished IS NULL;

CREATE INDEX copy_promised ON copy (deadline, id) WHERE finished IS NULL AND deadline IS NOT NULL;
