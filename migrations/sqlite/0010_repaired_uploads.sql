-- An upload whose cross-reference was broken is rewritten once, and its sender is told: 1 when this happened.
alter table documents add column repaired bigint not null default 0 check (repaired in (0, 1));
