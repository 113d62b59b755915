//! Why: `sealflow pdf sign` and `sealflow pdf validate` are these functions.

use sealflow_pdf::{
    Rect,
    cli::{Error, Place, SignFile, sign_file, validate_file},
};

use crate::support::{
    SIGNED_AT_MS,
    pdf::{self, BOTH, Xref},
    pki::{Identity, pki},
};

fn sign(
    pdf: &[u8],
    identity: &Identity,
    place: Option<Place>,
    seal_text: Option<&str>,
) -> Result<Vec<u8>, Error> {
    sign_file(&SignFile {
        pdf,
        key_pem: &identity.key.private_key_to_pem_pkcs8().unwrap(),
        certificate_pem: &identity.certificate.to_pem().unwrap(),
        chain_pem: &pki().root.certificate.to_pem().unwrap(),
        place,
        seal_text,
        field: None,
        appearances: Vec::new(),
        signed_at_ms: SIGNED_AT_MS,
    })
}

#[test]
fn signatures_are_added_one_after_another() {
    let roots = pki().root.certificate.to_pem().unwrap();
    let place = |x| Some(Place { page: 1, rect: Rect { x, y: 72.0, width: 120.0, height: 120.0 } });
    for xref in BOTH {
        let original = pdf::file(xref, 1, 0);
        let invisible = sign(&original, &pki().person, None, None).unwrap();
        let named = sign(&invisible, &pki().person, place(72.0), None).unwrap();
        let sealed = sign(&named, &pki().company, place(300.0), Some("示例采购有限公司")).unwrap();
        assert!(
            sealed.starts_with(&named) && named.starts_with(&invisible) && invisible.starts_with(&original)
        );
        let report = validate_file(&sealed, &roots).unwrap();
        assert!(report.passed(), "{report:#?}");
        let names: Vec<_> = report.signatures.iter().map(|signature| signature.field.as_str()).collect();
        assert_eq!(names, ["Signature1", "Signature2", "Signature3"]);
    }
}

#[test]
fn wrong_keys_and_roots_are_refused() {
    let original = pdf::file(Xref::Table, 1, 0);
    let mixed = Identity { key: pki().company.key.clone(), certificate: pki().person.certificate.clone() };
    assert!(matches!(sign(&original, &mixed, None, None), Err(Error::Sign(_))));
    assert!(matches!(validate_file(&original, b"no PEM at all"), Err(Error::Pem { .. }) | Ok(_)));
    assert!(!validate_file(&original, &[]).unwrap().passed());
    assert!(matches!(validate_file(b"no PDF", &[]), Err(Error::Read(_))));
}
