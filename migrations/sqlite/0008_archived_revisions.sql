-- Revisions that add timestamps and revocation data to a completed contract's file: nobody signs in them.
-- SQLite changes no constraint of a table that exists, so the rows move to a new one.
create table revisions_with_archived (
    document_id text not null references documents (id),
    n bigint not null,
    kind text not null,
    -- The blob's name.
    sha256 text not null,
    size_bytes bigint not null,
    -- Who signed in it, for kind signed.
    recipient_id text references recipients (id),
    created_at_ms bigint not null,
    constraint revisions_kind_known check (kind in ('original', 'prepared', 'signed', 'archived')),
    constraint revisions_signed_by check ((kind = 'signed') = (recipient_id is not null)),
    primary key (document_id, n)
);
insert into revisions_with_archived (document_id, n, kind, sha256, size_bytes, recipient_id, created_at_ms)
    select document_id, n, kind, sha256, size_bytes, recipient_id, created_at_ms from revisions;
drop table revisions;
alter table revisions_with_archived rename to revisions;
create index revisions_by_recipient on revisions (recipient_id);
create index revisions_by_kind on revisions (kind, created_at_ms);
