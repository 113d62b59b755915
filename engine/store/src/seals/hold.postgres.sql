-- Whoever would disable or remove the seal waits until this transaction has ended; others who put it on do not.
select 1 from seals where id = $1 and enabled = 1 and removed_at_ms is null for share
