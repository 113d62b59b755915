//! Why: whatever the file holds, validation ends with a report or a refusal, and nothing passes without a trusted root.

use sealflow_pdf::{Trust, validate};

/// Ends without a panic, whatever the file is.
pub(crate) fn go(file: &[u8]) {
    let trust = Trust { at_ms: Some(1_768_464_000_000), ..Trust::default() };
    if let Ok(report) = validate(file, &trust) {
        assert!(!report.passed());
    }
}
