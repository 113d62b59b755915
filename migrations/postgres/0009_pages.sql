-- What was uploaded: a PDF, or what a PDF was made of.
alter table documents add column source text not null default 'pdf'
    constraint documents_source_known check (source in ('pdf', 'word', 'pictures'));
