-- Cross-page seals, how dates and texts are set, and what the sender of a draft places.
alter table fields drop constraint fields_kind_known;
alter table fields add constraint fields_kind_known
    check (kind in ('signature', 'seal', 'date', 'text', 'cross_page_seal'));
-- How a date or text is set, as JSON.
alter table fields add column style text;
-- Of a cross-page seal: its last page and its edge, as JSON.
alter table fields add column span text;

-- What the sender places in a draft beside what its contract type asks for; it becomes fields when the draft is sent.
create table placements (
    contract_id text not null references contracts (id),
    -- In the sender's order, from 0.
    position bigint not null,
    -- The role of who fills it.
    role text not null,
    -- On which document; null: on every one.
    document_id text references documents (id),
    -- What and where, as contract types write it, as JSON.
    placement text not null,
    primary key (contract_id, position)
);
create index placements_by_document on placements (document_id);
