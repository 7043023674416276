-- What finds images that are the same as others: by what they were copied from, and by the contents of what they rest on.
-- Statements are set apart by a blank line; each is one step of the migration.

CREATE INDEX image_of_origin ON image (account, origin_image, origin_region, created, id) WHERE origin_image IS NOT NULL;

CREATE INDEX snapshot_by_digest ON snapshot (account, digest);
