-- The application's aggregates: who may sign in, what is signed, and what was recorded about it.
-- Portable on purpose: ids are UUIDs as text, times are milliseconds since 1970 UTC, flags are 0 or 1, JSON is text.
-- The same text serves both engines; a change here is made in both files.

-- People and organizations ---------------------------------------------------------------------------------------

create table people (
    id text primary key,
    -- Eleven digits, without country code.
    phone text not null,
    name text not null,
    created_at_ms bigint not null,
    constraint people_phone_unique unique (phone)
);

-- Rights on the platform itself; rights inside an organization are in member_roles.
create table person_roles (
    person_id text not null references people (id),
    role text not null,
    granted_at_ms bigint not null,
    constraint person_roles_known check (role in ('ops', 'operator')),
    primary key (person_id, role)
);

create table organizations (
    id text primary key,
    name text not null,
    created_at_ms bigint not null,
    constraint organizations_name_unique unique (name)
);

create table members (
    organization_id text not null references organizations (id),
    person_id text not null references people (id),
    joined_at_ms bigint not null,
    primary key (organization_id, person_id)
);
create index members_by_person on members (person_id);

create table member_roles (
    organization_id text not null,
    person_id text not null,
    role text not null,
    granted_at_ms bigint not null,
    constraint member_roles_known check (role in ('org_admin', 'sender', 'transactor')),
    primary key (organization_id, person_id, role),
    foreign key (organization_id, person_id) references members (organization_id, person_id)
);

create table seals (
    id text primary key,
    organization_id text not null references organizations (id),
    name text not null,
    kind text not null,
    -- The impression, as drawn from spec.
    svg text not null,
    -- What it was drawn from (texts, size), as JSON.
    spec text not null,
    enabled bigint not null,
    created_at_ms bigint not null,
    constraint seals_kind_known check (kind in ('official', 'contract', 'finance', 'invoice', 'hr', 'legal_rep', 'other')),
    constraint seals_enabled_flag check (enabled in (0, 1)),
    constraint seals_name_unique unique (organization_id, name)
);

create table seal_grants (
    seal_id text not null references seals (id),
    person_id text not null references people (id),
    permission text not null,
    granted_at_ms bigint not null,
    constraint seal_grants_permission_known check (permission in ('use', 'manage')),
    primary key (seal_id, person_id, permission)
);

-- Signing in -----------------------------------------------------------------------------------------------------

create table sessions (
    id text primary key,
    -- SHA-256 of the cookie's token, hexadecimal: the table alone opens no session.
    token_sha256 text not null,
    person_id text not null references people (id),
    created_at_ms bigint not null,
    last_seen_at_ms bigint not null,
    expires_at_ms bigint not null,
    revoked_at_ms bigint,
    constraint sessions_token_unique unique (token_sha256)
);
create index sessions_by_person on sessions (person_id);
create index sessions_by_expiry on sessions (expires_at_ms);

-- One row a number that ever asked for a code. Writing it first makes requests for one number wait for each other,
-- so that the limits hold on PostgreSQL too.
create table code_numbers (
    phone text primary key,
    asked_at_ms bigint not null
);

-- Codes that were sent. The code itself is derived (see codes.rs) and stands nowhere.
create table codes (
    id text primary key,
    purpose text not null,
    phone text not null,
    -- Null when the number is unknown: then nothing was sent and no code can be right.
    person_id text references people (id),
    recipient_id text,
    -- For intent: SHA-256 over what is confirmed.
    digest text,
    tries_left bigint not null,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    used_at_ms bigint,
    constraint codes_purpose_known check (purpose in ('login', 'intent')),
    constraint codes_intent_bound check (purpose <> 'intent' or (recipient_id is not null and digest is not null)),
    constraint codes_tries_range check (tries_left >= 0)
);
create index codes_by_phone on codes (phone, purpose, created_at_ms);

-- Contracts ------------------------------------------------------------------------------------------------------

create table contracts (
    id text primary key,
    title text not null,
    -- The contract type's name, and the exact version that the draft was made for.
    contract_type text not null,
    definition_hash text not null references definitions (hash),
    organization_id text not null references organizations (id),
    sender_id text not null references people (id),
    -- Set when it is sent; a draft has none. The instance's status is the contract's.
    instance_id text references instances (id),
    -- The client's key of the request that made it, so that a repeated request makes one draft.
    idempotency_key text,
    created_at_ms bigint not null,
    sent_at_ms bigint,
    deadline_at_ms bigint,
    reminded_at_ms bigint,
    constraint contracts_instance_unique unique (instance_id),
    constraint contracts_idempotency_unique unique (sender_id, idempotency_key),
    constraint contracts_sent_whole check ((instance_id is null) = (sent_at_ms is null))
);
create index contracts_by_organization on contracts (organization_id, created_at_ms);

create table recipients (
    id text primary key,
    contract_id text not null references contracts (id),
    -- Place in the routing order, from 0.
    position bigint not null,
    role text not null,
    kind text not null,
    name text not null,
    phone text not null,
    -- Set when the contract is sent.
    person_id text references people (id),
    organization_id text references organizations (id),
    -- When the instance first asked something of them; before, they see nothing of the contract.
    turn_at_ms bigint,
    constraint recipients_kind_known check (kind in ('person', 'organization')),
    constraint recipients_organization_given check ((kind = 'organization') = (organization_id is not null)),
    constraint recipients_position_unique unique (contract_id, position)
);
create index recipients_by_person on recipients (person_id);

-- What an SMS link leads to. Only the hash of the token is kept.
create table links (
    token_sha256 text primary key,
    recipient_id text not null references recipients (id),
    created_at_ms bigint not null,
    expires_at_ms bigint not null
);
create index links_by_recipient on links (recipient_id);

create table documents (
    id text primary key,
    contract_id text not null references contracts (id),
    position bigint not null,
    name text not null,
    page_count bigint not null,
    -- Width and height of each page in points, as JSON.
    pages text not null,
    -- The client's key of the upload, so that a repeated upload makes one document.
    idempotency_key text,
    created_at_ms bigint not null,
    constraint documents_idempotency_unique unique (contract_id, idempotency_key),
    constraint documents_position_unique unique (contract_id, position)
);

-- Revisions are appended and never changed: (document, n) has one writer.
create table revisions (
    document_id text not null references documents (id),
    n bigint not null,
    kind text not null,
    -- The blob's name.
    sha256 text not null,
    size_bytes bigint not null,
    -- Who signed in it, for kind signed.
    recipient_id text references recipients (id),
    created_at_ms bigint not null,
    constraint revisions_kind_known check (kind in ('original', 'prepared', 'signed')),
    constraint revisions_signed_by check ((kind = 'signed') = (recipient_id is not null)),
    primary key (document_id, n)
);
create index revisions_by_recipient on revisions (recipient_id);

create table fields (
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
    constraint fields_kind_known check (kind in ('signature', 'seal', 'date', 'text')),
    constraint fields_required_flag check (required in (0, 1)),
    constraint fields_name_unique unique (document_id, name)
);
create index fields_by_recipient on fields (recipient_id);
create index fields_by_contract on fields (contract_id);

-- Records --------------------------------------------------------------------------------------------------------

-- The exact texts that contract types ask consent to; a new version is a new row.
create table agreement_texts (
    sha256 text primary key,
    -- What contract types call it.
    name text not null,
    title text not null,
    body text not null,
    published_at_ms bigint not null
);
create index agreement_texts_by_name on agreement_texts (name, published_at_ms);

create table agreement_consents (
    recipient_id text not null references recipients (id),
    text_sha256 text not null references agreement_texts (sha256),
    person_id text not null references people (id),
    consented_at_ms bigint not null,
    ip text not null,
    user_agent text not null,
    primary key (recipient_id, text_sha256)
);

-- What the operators' gateway reported about a message. A receipt may come twice.
create table sms_receipts (
    -- The vendor's number for the message.
    message_id text primary key,
    -- Our own key of the message, as it was given to the vendor.
    out_id text not null,
    delivered bigint not null,
    error_code text,
    reported_at_ms bigint,
    received_at_ms bigint not null,
    constraint sms_receipts_delivered_flag check (delivered in (0, 1))
);
create index sms_receipts_by_out_id on sms_receipts (out_id);

-- Who did what, chained by hashes: a changed or missing row shows.
create table audit (
    seq bigint primary key,
    at_ms bigint not null,
    person_id text,
    action text not null,
    target_kind text not null,
    target_id text not null,
    -- JSON without personal data.
    detail text not null,
    -- SHA-256(00 ‖ data).
    leaf_sha256 text not null,
    -- SHA-256(01 ‖ the row's before ‖ leaf).
    chain_sha256 text not null
);
create index audit_by_target on audit (target_kind, target_id);

-- The end of the chain, one row. Updating it makes writers wait for each other.
create table audit_head (
    id bigint primary key,
    seq bigint not null,
    chain_sha256 text not null,
    constraint audit_head_single check (id = 1)
);
insert into audit_head (id, seq, chain_sha256) values (1, 0, '');
