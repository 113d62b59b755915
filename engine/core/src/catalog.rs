//! What definitions may name: the forms that the pages can show and the jobs that the workers can do.
//!
//! A definition that names anything else is refused when it is loaded, not when a person or a worker meets it.

/// A form that a page shows for a task.
pub const FORMS: &[&str] = &[
    "agreement",
    "amount",
    "approval",
    "archive",
    "attachments",
    "bank_account",
    "code",
    "face_recording",
    "legal_representative",
    "organization_documents",
    "organization_review",
    "person_bank_card",
    "person_face",
    "person_phone",
    "reading",
    "renewal",
    "resubmission",
    "sign",
    "subject_verification",
];

/// A job kind with every outcome that its handler reports.
#[derive(Debug, Clone, Copy)]
pub struct JobKind {
    /// As in `job: {kind: …}`.
    pub name: &'static str,
    /// As in `on: {<outcome>: …}`.
    pub outcomes: &'static [&'static str],
}

/// Every job kind.
pub const JOB_KINDS: &[JobKind] = &[
    JobKind { name: "check_four_factors", outcomes: &["matched", "mismatched", "failed"] },
    JobKind { name: "check_legal_representative", outcomes: &["matched", "mismatched", "failed"] },
    JobKind { name: "check_organization_details", outcomes: &["matched", "mismatched", "failed"] },
    JobKind { name: "check_three_factors", outcomes: &["matched", "mismatched", "failed"] },
    JobKind { name: "delete_archive", outcomes: &["deleted"] },
    JobKind { name: "fetch_face_result", outcomes: &["matched", "mismatched", "not_recorded", "failed"] },
    JobKind { name: "notify_person", outcomes: &["sent", "failed"] },
    JobKind { name: "open_face_check", outcomes: &["opened", "mismatched", "failed"] },
    JobKind { name: "pack_contracts", outcomes: &["packed", "empty", "failed"] },
    JobKind { name: "pay_micro_deposit", outcomes: &["paid", "refused", "failed"] },
    JobKind { name: "prepare_document", outcomes: &["prepared"] },
    JobKind { name: "send_code", outcomes: &["sent", "failed"] },
    JobKind { name: "send_email", outcomes: &["sent", "failed"] },
    JobKind { name: "send_sms", outcomes: &["sent", "failed"] },
    JobKind { name: "stamp_signature", outcomes: &["stamped", "failed"] },
];

/// The job kind of that name.
#[must_use]
pub fn job_kind(name: &str) -> Option<&'static JobKind> {
    JOB_KINDS.iter().find(|kind| kind.name == name)
}
