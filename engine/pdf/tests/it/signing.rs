//! Why: a signed byte must never move, and only what was asked for may go in.

use sealflow_pdf::{begin, inspect, prepare};

use crate::support::{
    company_request, contract_fields,
    pdf::{self, BOTH},
    person_request,
    pki::pki,
};

/// Prepared, signed by the person, signed by the company.
pub(crate) fn revisions(original: &[u8], page: usize, timestamped: bool) -> [Vec<u8>; 3] {
    let prepared = prepare(original, &contract_fields(page)).unwrap();
    let once = pki().person.finish(begin(&prepared, &person_request()).unwrap(), timestamped);
    let twice = pki().company.finish(begin(&once, &company_request()).unwrap(), timestamped);
    [prepared, once, twice]
}

#[test]
fn each_revision_begins_with_the_one_before() {
    for xref in BOTH {
        let original = pdf::file(xref, 3, 0);
        let [prepared, once, twice] = revisions(&original, 2, false);
        assert!(prepared.starts_with(&original));
        assert!(once.starts_with(&prepared));
        assert!(twice.starts_with(&once));
        let found = inspect(&twice).unwrap();
        assert_eq!((found.page_count, found.signatures, found.revisions), (3, 2, 4));
    }
}
