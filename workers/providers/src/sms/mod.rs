//! Text messages through Aliyun's Dysmsapi (version 2017-05-25).
//!
//! The vendor has no idempotency: the same request twice is two messages on somebody's phone. So the errors keep
//! apart what certainly did not happen from what may have happened, and [`SmsClient::find`] asks the vendor by
//! `OutId` before anything is sent again.

mod client;
mod error;
pub mod receipt;
mod sign;
mod template;
mod wire;

pub use client::{Config, Found, Message, Receipt, SendStatus, SmsClient};
pub use error::{Error, LimitWindow, Reason, Unclear};
pub use receipt::DeliveryReport;
pub use template::{Template, TemplateCodes};
