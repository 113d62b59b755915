-- Revisions that add timestamps and revocation data to a completed contract's file: nobody signs in them.
alter table revisions drop constraint revisions_kind_known;
alter table revisions add constraint revisions_kind_known
    check (kind in ('original', 'prepared', 'signed', 'archived'));
create index revisions_by_kind on revisions (kind, created_at_ms);
