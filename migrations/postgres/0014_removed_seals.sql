-- A seal that is removed keeps its row and its grants: what it was put on names it. Its name may be given again, so it
-- moves to a column of its own, and `name`, which is unique, holds the id instead.
alter table seals add column removed_at_ms bigint;
alter table seals add column removed_name text;
-- What an organization signs is looked through before one of its seals goes.
create index recipients_by_organization on recipients (organization_id) where organization_id is not null;
