delete from sessions
where id in (select id from sessions where expires_at_ms < $1 order by expires_at_ms limit $2)
