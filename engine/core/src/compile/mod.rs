//! From the language that administrators edit (contract types) to the one that is run (workflows).
//!
//! ```text
//! open ─ approving → preparing → signing (each recipient, by routing)
//!  │      level by level            notifying → acting ─ checks → reading → signing → approval → stamping → signed
//!  │ withdraw, deadline                 │           │ decline, remind, reminders
//!  ▼                                    └ auto_signing ┘
//! withdrawn, expired, rejected, declined                open → completing (each recipient) → completed
//! ```
//!
//! Every step has a file of its own that says which states it becomes and what leads on from them; [`party`] puts those
//! of a recipient in a row. All of it is written as the YAML would be, so that it can be read beside one.

mod agreement;
mod approval;
mod attachments;
mod auto_sign;
mod branch;
mod completion;
mod contract_type;
mod intent;
mod messages;
mod party;
mod reading;
mod require;
mod routing;
mod sign;
mod subject_verification;

pub(crate) use approval::APPROVERS_MAX;
pub(crate) use contract_type::contract_type;

/// How long the reason for declining, rejecting or returning may be, in characters.
const REASON_CHARS_MAX: u32 = 500;

/// A reason is there and not too long.
fn reason_given() -> String {
    format!("has(event.reason) && size(event.reason) > 0 && size(event.reason) <= {REASON_CHARS_MAX}")
}
