-- What a search for images walks has the rest of the machine too, and where the disks lie; and tags are found by their values
-- alone.
-- Statements are set apart by a blank line; each is one step of the migration.

DROP INDEX image_searched;

CREATE INDEX image_searched ON image
    (account, purpose, created, id, status, deprecated, kind, name, family, architecture, os_type, platform, boot_mode, storage);

CREATE INDEX image_tag_valued ON image_tag (value, image);
