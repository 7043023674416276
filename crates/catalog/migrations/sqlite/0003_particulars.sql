-- What an image says of itself beyond its name: the family it is of, whether its owner advises against it, and what the door
-- that it came through keeps of it.
-- Statements are set apart by a blank line; each is one step of the migration.

ALTER TABLE image ADD COLUMN family TEXT CHECK (length(family) BETWEEN 2 AND 128);

-- Since when its owner advises against it; none where nobody does.
ALTER TABLE image ADD COLUMN deprecated INTEGER CHECK (deprecated IS NULL OR status = 'available');

-- A JSON object whose values are texts.
ALTER TABLE image ADD COLUMN particulars TEXT NOT NULL DEFAULT '{}' CHECK (json_type(particulars) = 'object');
