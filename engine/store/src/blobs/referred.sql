-- Which of these blobs a row refers to. This is the one list of all columns that hold a blob's name: a blob that is named
-- elsewhere only is swept. Read with the index of each column, however many rows there are.
select r.sha256 from {rows} join revisions on revisions.sha256 = r.sha256
union
select r.sha256 from {rows} join signatures on signatures.sha256 = r.sha256
union
select r.sha256 from {rows} join fields on fields.picture_sha256 = r.sha256
