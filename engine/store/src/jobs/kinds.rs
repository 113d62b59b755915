//! The kinds of jobs, and everything that is fixed about each: adding a kind is adding a row here.

use serde_json::Value;

use crate::text_enum::text_enum;

text_enum! {
    /// Where jobs wait, with workers of their own.
    Queue ("queue") {
        /// Messages through the SMS gateway.
        Sms = "sms",
        /// Mail.
        Email = "email",
        /// Preparing and stamping documents.
        Pdf = "pdf",
        /// Chores of the platform itself, mostly on a schedule.
        Upkeep = "upkeep",
        /// Jobs of a kind that this version does not know. Nobody works here; they are dead from the start.
        Unassigned = "unassigned",
    }
}

impl Queue {
    /// The queues that workers work on.
    pub const WORKED: &[Self] = &[Self::Sms, Self::Email, Self::Pdf, Self::Upkeep];

    /// The kinds that wait here.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| kind.queue() == self)
    }
}

text_enum! {
    /// Whom a job calls, as far as calls are counted: all its kinds share one limit, over all processes.
    Provider ("provider") {
        /// The SMS gateway.
        Sms = "sms",
        /// The mail relay.
        Email = "email",
        /// The certificate authority.
        Ca = "ca",
    }
}

text_enum! {
    /// What a job does; each kind has one handler.
    Kind ("kind of job") {
        /// A message about a contract.
        SendSms = "send_sms",
        /// A one-time code: somebody is waiting for it.
        SendCode = "send_code",
        /// The first revision of a document, with all fields.
        PrepareDocument = "prepare_document",
        /// A signer's revision.
        StampSignature = "stamp_signature",
        /// Finds signed files that are to be raised to the level that is set.
        RaiseDocuments = "raise_documents",
        /// Adds timestamps and revocation data to a signed file.
        RaiseDocument = "raise_document",
        /// A mail.
        SendEmail = "send_email",
        /// Forgets sessions, codes and links that nobody can use any more.
        ForgetSignIns = "forget_sign_ins",
        /// Forgets jobs that ended long ago.
        ForgetJobs = "forget_jobs",
        /// Forgets instances that ended long ago, where the settings say so.
        ForgetInstances = "forget_instances",
        /// Deletes files that no row refers to.
        SweepBlobs = "sweep_blobs",
    }
}

/// What is fixed about a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Where its jobs wait.
    pub queue: Queue,
    /// How often one is tried before it is dead.
    pub max_attempts: u32,
    /// Lower runs first.
    pub priority: i64,
    /// Whom it calls.
    pub provider: Option<Provider>,
    /// Which of its jobs are not done together.
    pub concurrency: Option<Concurrency>,
}

/// Jobs with the same value in a field of their payload share a few slots, over all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// The payload's field, a text. Kinds with the same field share the slots. A job without it is not limited.
    pub field: &'static str,
    /// How many of them run at a time, unless the limits say otherwise.
    pub max: u32,
}

/// Most kinds: neither urgent nor limited.
const PLAIN: Traits =
    Traits { queue: Queue::Unassigned, max_attempts: 12, priority: 0, provider: None, concurrency: None };

impl Kind {
    /// The table.
    #[must_use]
    pub const fn traits(self) -> Traits {
        match self {
            Self::SendSms => Traits { queue: Queue::Sms, provider: Some(Provider::Sms), ..PLAIN },
            // Of no use after ten minutes.
            Self::SendCode => Traits {
                queue: Queue::Sms,
                max_attempts: 5,
                priority: -10,
                provider: Some(Provider::Sms),
                ..PLAIN
            },
            Self::PrepareDocument => Traits { queue: Queue::Pdf, max_attempts: 10, ..PLAIN },
            // Each signature stands on the one before: two at once would be one certificate for nothing.
            Self::StampSignature => Traits {
                queue: Queue::Pdf,
                max_attempts: 10,
                provider: Some(Provider::Ca),
                concurrency: Some(Concurrency { field: "contract_id", max: 1 }),
                ..PLAIN
            },
            // After everything that a person waits for.
            Self::RaiseDocument => Traits { queue: Queue::Pdf, max_attempts: 10, priority: 10, ..PLAIN },
            Self::SendEmail => Traits { queue: Queue::Email, provider: Some(Provider::Email), ..PLAIN },
            Self::RaiseDocuments
            | Self::ForgetSignIns
            | Self::ForgetJobs
            | Self::ForgetInstances
            | Self::SweepBlobs => Traits { queue: Queue::Upkeep, max_attempts: 5, ..PLAIN },
        }
    }

    /// Where its jobs wait.
    #[must_use]
    pub const fn queue(self) -> Queue {
        self.traits().queue
    }

    /// How often it is tried before it is dead.
    #[must_use]
    pub const fn max_attempts(self) -> u32 {
        self.traits().max_attempts
    }

    /// Lower runs first.
    #[must_use]
    pub const fn priority(self) -> i64 {
        self.traits().priority
    }

    /// Whom it calls.
    #[must_use]
    pub const fn provider(self) -> Option<Provider> {
        self.traits().provider
    }

    /// What a job with this payload shares its slots by.
    #[must_use]
    pub fn concurrency_key(self, payload: &Value) -> Option<String> {
        let field = self.traits().concurrency?.field;
        let value = payload.get(field)?.as_str()?;
        Some(format!("{field}/{value}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_a_queue_with_workers_and_attempts() {
        for kind in Kind::ALL {
            let traits = kind.traits();
            assert!(Queue::WORKED.contains(&traits.queue), "{kind}");
            assert!(traits.max_attempts > 0, "{kind}");
            assert!(traits.concurrency.is_none_or(|concurrency| concurrency.max > 0), "{kind}");
            assert!(traits.queue.kinds().any(|other| other == *kind));
        }
    }

    #[test]
    fn a_key_is_made_of_field_and_value() {
        let key = Kind::StampSignature.concurrency_key(&json!({"contract_id": "c1", "recipient_id": "r"}));
        assert_eq!(key.as_deref(), Some("contract_id/c1"));
        assert_eq!(Kind::StampSignature.concurrency_key(&json!({"contract_id": 1})), None);
        assert_eq!(Kind::StampSignature.concurrency_key(&json!(7)), None);
        assert_eq!(Kind::SendSms.concurrency_key(&json!({"contract_id": "c1"})), None);
    }
}
