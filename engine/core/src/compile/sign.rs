//! The signature itself: a job puts it on the documents. When it cannot, the recipient confirms once more.

use serde_json::{Value, json};

/// How often stamping may fail and be confirmed anew, for one recipient.
pub(super) const FAILURES_MAX: u32 = 3;

pub(super) fn state() -> Value {
    json!({
        "job": {
            "kind": "stamp_signature",
            "key": "stamp/{recipient.id}/{stamp_failures}",
            "payload": {
                "contract_id": "{contract.id}",
                "recipient_id": "{recipient.id}",
                "confirmation": "{confirmation}",
                "confirmed_at_ms": "{confirmed_at_ms}",
            },
        },
        "on": {
            "stamped": "signed",
            // Nothing was put on the document: the recipient confirms once more.
            "failed": {"raise": "stamp_failures", "to": "acting/signing"},
        },
    })
}
