//! The other end of every vendor: an SMS gateway, a mail server, a certification authority and a timestamp authority
//! that speak the vendors' protocols on this computer.
//!
//! The platform uses the same clients, signatures and certificates against it as in production; nothing in it knows
//! that this end is not real. Faults can be ordered, because the bad days of vendors are what a platform has to
//! survive, and everything that arrives can be looked at on a page that no one takes for real.
//!
//! Nothing of the platform is used here: a signature that is checked with the code that made it proves little.

mod certificates;
mod clock;
mod control;
mod enrolments;
mod est;
mod faults;
mod journal;
mod mailbox;
mod phones;
mod pki;
mod revocation;
mod running;
mod sm2;
mod sms;
mod smtp;
mod sources;
mod tsa;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use url::Url;

pub use faults::{Fault, Order, Service};
pub use phones::{Count, Delivery, Message};
pub use running::{Addresses, Running, Sandbox, run};
pub use sms::{SIGN_NAME, TEMPLATE_CODES};

use crate::{
    certificates::Certificates,
    enrolments::Enrolments,
    faults::Faults,
    mailbox::Mailboxes,
    phones::Phones,
    pki::Pki,
    sms::{Nonces, Receipts, Templates},
};

/// A name and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// User name, or key id.
    pub username: String,
    /// Password, or key secret.
    pub password: String,
}

impl Account {
    /// Any two texts.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: username.into(), password: password.into() }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("username", &self.username).finish_non_exhaustive()
    }
}

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Keeps keys, messages and mails.
    pub state_dir: PathBuf,
    /// Page and control; like all addresses on loopback only, port 0 takes a free one.
    pub control: SocketAddr,
    /// SMS gateway, HTTP.
    pub sms: SocketAddr,
    /// Certification authority, HTTPS.
    pub est: SocketAddr,
    /// Timestamp authority, HTTP.
    pub tsa: SocketAddr,
    /// Mail server.
    pub smtp: SocketAddr,
    /// What the certification authority publishes (CRL, OCSP, its certificates), HTTP.
    pub publication: SocketAddr,
    /// Where people reach the platform; part of the SMS templates.
    pub public_url: Url,
    /// Where delivery receipts are posted; can be set later.
    pub receipts_url: Option<Url>,
    /// How long a message is on its way to its phone, in milliseconds.
    pub delivery_delay_ms: u64,
    /// How long a signer's certificate is valid, in days.
    pub certificate_days: u32,
    /// AccessKey of the SMS account.
    pub sms_account: Account,
    /// Basic authentication of the certification authority.
    pub est_account: Account,
    /// Login of the mail server; without one nobody needs to log in.
    pub smtp_account: Option<Account>,
}

impl Config {
    /// The ports that the platform's defaults know: 7100 to 7105.
    #[must_use]
    pub fn on_default_ports(state_dir: impl Into<PathBuf>, public_url: Url) -> Self {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            state_dir: state_dir.into(),
            control: at(7100),
            sms: at(7101),
            est: at(7102),
            tsa: at(7103),
            smtp: at(7104),
            publication: at(7105),
            public_url,
            receipts_url: None,
            delivery_delay_ms: 300,
            certificate_days: 7,
            sms_account: Account::new("sandbox-key-id", "sandbox-key-secret"),
            est_account: Account::new("sealflow", "sandbox-est-password"),
            smtp_account: None,
        }
    }

    /// Free ports and no delay, for tests.
    #[must_use]
    pub fn on_free_ports(state_dir: impl Into<PathBuf>, public_url: Url) -> Self {
        let mut config = Self::on_default_ports(state_dir, public_url);
        for address in [
            &mut config.control,
            &mut config.sms,
            &mut config.est,
            &mut config.tsa,
            &mut config.smtp,
            &mut config.publication,
        ] {
            address.set_port(0);
        }
        config.delivery_delay_ms = 0;
        config
    }
}

/// What the servers share.
struct Shared {
    public_url: Url,
    certificate_days: u32,
    sms_account: Account,
    est_account: Account,
    phones: Phones,
    mailboxes: Mailboxes,
    certificates: Certificates,
    enrolments: Enrolments,
    faults: Faults,
    nonces: Nonces,
    templates: Templates,
    receipts: Receipts,
    pki: Pki,
}
