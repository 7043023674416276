-- What keeps regions with many images and long queues as quick as small ones.
-- Statements are set apart by a blank line; each is one step of the migration.

-- How many images an account has, by what most listings ask for, in stretches of time: a total, and a place deep in a list, are found
-- without reading the images before it. A stretch is all instants that have the same `place` without their last `bits` bits: 34 bits
-- of milliseconds are 199 days, 28 are 75 hours, 22 are 70 minutes, 16 are 66 seconds. Kept by the triggers below, in the transaction
-- of each change.
CREATE TABLE image_tally (
    account       TEXT    NOT NULL,
    bits          INTEGER NOT NULL CHECK (bits IN (16, 22, 28, 34)),
    place         INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    is_deprecated INTEGER NOT NULL CHECK (is_deprecated IN (0, 1)),
    images        INTEGER NOT NULL CHECK (images >= 0),
    PRIMARY KEY (account, bits, place, kind, status, is_deprecated)
) STRICT, WITHOUT ROWID;

INSERT INTO image_tally (account, bits, place, kind, status, is_deprecated, images)
    SELECT account, width.value, created >> width.value, kind, status, deprecated IS NOT NULL, count(*)
    FROM image CROSS JOIN json_each('[34, 28, 22, 16]') AS width WHERE purpose = 'image' GROUP BY 1, 2, 3, 4, 5, 6;

CREATE TRIGGER image_tallied AFTER INSERT ON image WHEN NEW.purpose = 'image' BEGIN
    INSERT INTO image_tally (account, bits, place, kind, status, is_deprecated, images)
        VALUES (NEW.account, 34, NEW.created >> 34, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1),
            (NEW.account, 28, NEW.created >> 28, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1),
            (NEW.account, 22, NEW.created >> 22, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1),
            (NEW.account, 16, NEW.created >> 16, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET images = images + 1;
END;

CREATE TRIGGER image_untallied AFTER DELETE ON image WHEN OLD.purpose = 'image' BEGIN
    UPDATE image_tally SET images = images - 1 WHERE account = OLD.account AND (bits, place) IN
        (VALUES (34, OLD.created >> 34), (28, OLD.created >> 28), (22, OLD.created >> 22), (16, OLD.created >> 16))
        AND kind = OLD.kind AND status = OLD.status AND is_deprecated = (OLD.deprecated IS NOT NULL);
    DELETE FROM image_tally WHERE images = 0 AND account = OLD.account AND (bits, place) IN
        (VALUES (34, OLD.created >> 34), (28, OLD.created >> 28), (22, OLD.created >> 22), (16, OLD.created >> 16))
        AND kind = OLD.kind AND status = OLD.status AND is_deprecated = (OLD.deprecated IS NOT NULL);
END;

CREATE TRIGGER image_retallied AFTER UPDATE OF kind, status, deprecated ON image
    WHEN NEW.purpose = 'image' AND (OLD.kind <> NEW.kind OR OLD.status <> NEW.status
        OR (OLD.deprecated IS NULL) <> (NEW.deprecated IS NULL)) BEGIN
    UPDATE image_tally SET images = images - 1 WHERE account = OLD.account AND (bits, place) IN
        (VALUES (34, OLD.created >> 34), (28, OLD.created >> 28), (22, OLD.created >> 22), (16, OLD.created >> 16))
        AND kind = OLD.kind AND status = OLD.status AND is_deprecated = (OLD.deprecated IS NOT NULL);
    DELETE FROM image_tally WHERE images = 0 AND account = OLD.account AND (bits, place) IN
        (VALUES (34, OLD.created >> 34), (28, OLD.created >> 28), (22, OLD.created >> 22), (16, OLD.created >> 16))
        AND kind = OLD.kind AND status = OLD.status AND is_deprecated = (OLD.deprecated IS NOT NULL);
    INSERT INTO image_tally (account, bits, place, kind, status, is_deprecated, images)
        VALUES (NEW.account, 34, NEW.created >> 34, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1),
            (NEW.account, 28, NEW.created >> 28, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1),
            (NEW.account, 22, NEW.created >> 22, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1),
            (NEW.account, 16, NEW.created >> 16, NEW.kind, NEW.status, NEW.deprecated IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET images = images + 1;
END;

-- Copies that wait, those of each account, link and priority together and the oldest of them first: a claim reads as many of each as
-- may be claimed at all, however many wait.
CREATE INDEX copy_due ON copy (account, source_region, priority, created, id, state, next_attempt, lease_until, finished, deadline)
    WHERE finished IS NULL AND state IN ('queued', 'held');
