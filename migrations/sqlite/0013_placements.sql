-- Cross-page seals, how dates and texts are set, and what the sender of a draft places.
-- SQLite changes no constraint of a table that exists, so the rows move to a new one.
create table fields_with_spans (
    id text primary key,
    contract_id text not null references contracts (id),
    document_id text not null references documents (id),
    recipient_id text not null references recipients (id),
    -- The form field's name in the PDF.
    name text not null,
    kind text not null,
    -- From 1.
    page bigint not null,
    -- Points from the page's lower left corner.
    x double precision not null,
    y double precision not null,
    w double precision not null,
    h double precision not null,
    required bigint not null,
    -- Which kind of seal may be put here; null: any.
    seal_kind text,
    -- The signer's draft, as JSON.
    value text,
    value_at_ms bigint,
    -- How a date or text is set, as JSON.
    style text,
    -- Of a cross-page seal: its last page and its edge, as JSON.
    span text,
    constraint fields_kind_known check (kind in ('signature', 'seal', 'date', 'text', 'cross_page_seal')),
    constraint fields_required_flag check (required in (0, 1)),
    constraint fields_name_unique unique (document_id, name)
);
insert into fields_with_spans
    (id, contract_id, document_id, recipient_id, name, kind, page, x, y, w, h, required, seal_kind, value, value_at_ms)
    select id, contract_id, document_id, recipient_id, name, kind, page, x, y, w, h, required, seal_kind, value, value_at_ms
    from fields;
drop table fields;
alter table fields_with_spans rename to fields;
create index fields_by_recipient on fields (recipient_id);
create index fields_by_contract on fields (contract_id);

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
