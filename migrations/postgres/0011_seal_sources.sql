-- What an impression was made of: drawn from its data, or cut out of a photo or scan.
alter table seals add column source text not null default 'template'
    constraint seals_source_known check (source in ('template', 'picture'));
