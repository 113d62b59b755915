//! Why: an upload's way through the reader and the writer: inspected, repaired where it is damaged, prepared, begun to be signed.

use sealflow_pdf::{
    FieldKind, FieldSpec, Rect, SignRequest, begin, inspect, limits, prepare, read, repair,
    sign::{DigestAlgorithm, NewField},
};

const RECT: Rect = Rect { x: 60.0, y: 60.0, width: 140.0, height: 60.0 };

fn request() -> SignRequest {
    SignRequest {
        field: "fuzz_signature".to_owned(),
        new_field: Some(NewField { page: 1, rect: RECT }),
        appearances: Vec::new(),
        signer_name: "示例签署人".to_owned(),
        reason: None,
        location: None,
        signed_at_ms: 1_768_464_000_000,
        hole_bytes: limits::HOLE_BYTES_MIN,
        digest: DigestAlgorithm::Sha256,
    }
}

/// Ends without a panic, whatever the file is.
pub(crate) fn go(file: &[u8]) {
    let repaired = match inspect(file) {
        Ok(_) => None,
        Err(read::Error::Damaged { .. }) => match repair(file) {
            Ok(repaired) => Some(repaired),
            Err(_) => return,
        },
        Err(_) => return,
    };
    let file = repaired.as_deref().unwrap_or(file);
    if repaired.is_some() {
        // What was repaired once can be read.
        assert!(!matches!(inspect(file), Err(read::Error::Damaged { .. })));
    }
    let field = FieldSpec { name: "fuzz_text".to_owned(), kind: FieldKind::Text, page: 1, rect: RECT };
    let Ok(prepared) = prepare(file, &[field]) else { return };
    if let Ok(begun) = begin(&prepared, &request()) {
        // Earlier bytes never move.
        assert!(begun.bytes.starts_with(&prepared));
    }
}
