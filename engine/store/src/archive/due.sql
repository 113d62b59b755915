select r.document_id as id, r.n
from revisions r
join documents d on d.id = r.document_id
join contracts c on c.id = d.contract_id
join instances i on i.id = c.instance_id
where i.status = $1
  and ((r.kind = 'signed' and r.created_at_ms <= $2) or (r.kind = 'archived' and r.created_at_ms <= $3))
  and not exists (select 1 from revisions later where later.document_id = r.document_id and later.n > r.n)
  and not exists (select 1 from jobs j where j.key = 'raise/' || r.document_id || '/' || cast(r.n as text))
order by r.created_at_ms
limit $4
