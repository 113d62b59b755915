//! Why: `sealflow pdf sign` and `sealflow pdf validate` are these functions.

use sealflow_pdf::{
    Rect,
    cli::{Error, Place, SignFile, begin_file, certificates_from_pem},
    finish,
    sign::{DigestAlgorithm, GrowingFile},
    sign_with_openssl_key, signed_attributes, validate,
};

use crate::support::{
    SIGNED_AT_MS,
    pdf::{self, BOTH, Xref},
    pki::{Identity, pki, trust},
};

pub(crate) fn sign(
    pdf: &[u8],
    identity: &Identity,
    place: Option<Place>,
    seal_text: Option<&str>,
) -> Result<Vec<u8>, Error> {
    let chain_der = &identity.chain();
    let file = GrowingFile::new(pdf.to_vec(), DigestAlgorithm::Sha256).map_err(Error::Sign)?;
    let request = SignFile {
        chain_der,
        place,
        seal_text,
        field: None,
        appearances: Vec::new(),
        signed_at_ms: SIGNED_AT_MS,
        timestamped: false,
    };
    let begun = begin_file(file, &request)?;
    let attributes = signed_attributes(&begun.digest, &chain_der[0]).unwrap();
    let signature = sign_with_openssl_key(&identity.key, &attributes).unwrap();
    finish(begun, &signature, chain_der, None).map_err(Error::Sign)
}

#[test]
fn signatures_are_added_one_after_another() {
    let place = |x| Some(Place { page: 1, rect: Rect { x, y: 72.0, width: 120.0, height: 120.0 } });
    for xref in BOTH {
        let original = pdf::file(xref, 1, 0);
        let invisible = sign(&original, &pki().person, None, None).unwrap();
        let named = sign(&invisible, &pki().person, place(72.0), None).unwrap();
        let sealed = sign(&named, &pki().company, place(300.0), Some("示例采购有限公司")).unwrap();
        assert!(
            sealed.starts_with(&named) && named.starts_with(&invisible) && invisible.starts_with(&original)
        );
        let report = validate(&sealed, &trust()).unwrap();
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
    assert!(matches!(sign(b"no PDF", &pki().person, None, None), Err(Error::Read(_))));
    let broken = b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n";
    assert!(matches!(certificates_from_pem(broken, "the roots"), Err(Error::Pem { .. })));
}
