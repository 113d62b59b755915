-- Signatures (签名) that people keep as pictures, cut out of photos. The picture itself is a blob, an SVG.
create table signatures (
    id text primary key,
    person_id text not null references people (id),
    -- The blob's name.
    sha256 text not null,
    created_at_ms bigint not null,
    -- Set when its person takes it away; a field that holds it keeps it.
    removed_at_ms bigint
);
create index signatures_by_person on signatures (person_id, created_at_ms);
