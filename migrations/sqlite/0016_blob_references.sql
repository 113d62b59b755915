-- Blobs that no row refers to are swept, so every reference stands in a column with an index (see blobs/referred.sql in the
-- store). A field names its picture inside its value; the column is made from it, so that nobody can forget to write it.
alter table fields add column picture_sha256 text generated always as (
    case when instr(value, '"sha256":"') > 0 then json_extract(value, '$.sha256') end
) virtual;
create index fields_by_picture on fields (picture_sha256) where picture_sha256 is not null;
create index revisions_by_blob on revisions (sha256);
create index signatures_by_blob on signatures (sha256);
