delete from links
where token_sha256 in (select token_sha256 from links where expires_at_ms < $1 order by expires_at_ms limit $2)
