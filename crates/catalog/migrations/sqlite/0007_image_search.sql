-- What a search for images walks: an account's images in the order in which they are shown, with all that most searches look
-- at, so that neither a page nor a count touches a row.
-- Statements are set apart by a blank line; each is one step of the migration.

CREATE INDEX image_searched ON image
    (account, purpose, created, id, status, deprecated, kind, name, family, architecture, os_type);

CREATE INDEX image_of_family ON image (account, family, created, id) WHERE family IS NOT NULL;

CREATE INDEX image_tag_found ON image_tag (key, value, image);
