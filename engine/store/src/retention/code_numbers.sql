-- The time is asked about once more: somebody may just ask for a code with this number.
delete from code_numbers
where asked_at_ms < $1
    and phone in (select phone from code_numbers where asked_at_ms < $1 order by asked_at_ms limit $2)
