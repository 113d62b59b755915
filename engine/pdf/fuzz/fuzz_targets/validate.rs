//! Whatever the file holds, validation ends with a report or a refusal, and nothing passes without a trusted root.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sealflow_pdf::{Trust, validate};

fuzz_target!(|file: &[u8]| {
    let trust = Trust { roots_der: Vec::new(), at_ms: Some(1_768_464_000_000) };
    if let Ok(report) = validate(file, &trust) {
        assert!(!report.passed());
    }
});
