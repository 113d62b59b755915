-- SQLite has one writer, and cannot lock a row.
select 1 from seals where id = $1 and enabled = 1 and removed_at_ms is null
