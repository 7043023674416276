-- The number of an account: 16 digits. It is made of a digest of the account's id, which SQL cannot make: accounts from
-- before get theirs when the file is opened, before anything else is done with it.
-- Statements are set apart by a blank line; each is one step of the migration.

ALTER TABLE account ADD COLUMN number INTEGER CHECK (number BETWEEN 1000000000000000 AND 9999999999999999);

CREATE UNIQUE INDEX account_by_number ON account (number);
