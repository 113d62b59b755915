//! What the server has to be told. Everything has a default but the secret and the public address.

use sealflow_pdf::Trust;
use sealflow_providers::revocation::RevocationClient;
use secrecy::SecretString;
use url::Url;

/// Which world the vendors belong to; the pages show it in their header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Real vendors, signatures that count.
    Production,
    /// The sandbox's vendors.
    Sandbox,
}

/// Settings of the HTTP server.
#[derive(Clone)]
pub struct Config {
    /// How people reach the pages. Cookies are `Secure` when it is https; its origin may send unsafe requests.
    pub public_url: Url,
    /// Shown by `GET /api/environment`.
    pub environment: Environment,
    /// Where the sandbox shows its phones; only in the sandbox.
    pub sandbox_url: Option<Url>,
    /// What codes and links are derived from; the workers that send them hold the same.
    pub secret: [u8; 32],
    /// A session ends this long after the login, in seconds.
    pub session_absolute_s: i64,
    /// A session ends this long after its last request, in seconds.
    pub session_idle_s: i64,
    /// How often codes are sent, how long they hold.
    pub codes: sealflow_store::codes::Limits,
    /// Numbers that nobody can be reached by; `?` stands for any digit.
    pub refused_phones: Vec<String>,
    /// Whose certificates uploaded files are validated by.
    pub trust: Trust,
    /// Asks the issuers of trusted certificates; without it only what a file holds counts.
    pub revocation: Option<RevocationClient>,
    /// The largest upload, in bytes.
    pub upload_bytes_max: usize,
    /// Word files are converted, when LibreOffice is there.
    pub convert_word: bool,
    /// The most documents of one contract.
    pub documents_max: usize,
    /// Between two reminders by hand for one contract, in seconds.
    pub remind_interval_s: i64,
    /// The last part of the address that the SMS gateway posts receipts to; empty: receipts are not taken.
    pub sms_callback_token: SecretString,
    /// How many reverse proxies of our own stand before the server.
    pub proxies: usize,
    /// With it `/metrics` wants `Authorization: Bearer …`; without, it answers only direct connections from loopback.
    pub metrics_token: Option<SecretString>,
    /// How long requests that are under way at the stop may take, in seconds.
    pub stop_grace_s: u64,
}

impl Config {
    /// The defaults around the two things that have none.
    #[must_use]
    pub fn new(public_url: Url, secret: [u8; 32]) -> Self {
        Self {
            public_url,
            secret,
            environment: Environment::Production,
            sandbox_url: None,
            session_absolute_s: 12 * 3600,
            session_idle_s: 2 * 3600,
            codes: sealflow_store::codes::Limits::default(),
            refused_phones: vec!["13800138000".into(), "1??00000000".into()],
            trust: Trust::default(),
            revocation: None,
            upload_bytes_max: 50 * 1024 * 1024,
            convert_word: true,
            documents_max: 20,
            remind_interval_s: 600,
            sms_callback_token: SecretString::default(),
            proxies: 0,
            metrics_token: None,
            stop_grace_s: 20,
        }
    }

    /// Whether nobody can be reached by this number (eleven digits).
    #[must_use]
    pub fn refuses_phone(&self, phone: &str) -> bool {
        let matches = |pattern: &String| {
            pattern.len() == phone.len()
                && pattern.bytes().zip(phone.bytes()).all(|(p, d)| p == b'?' || p == d)
        };
        self.refused_phones.iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    #[test]
    fn numbers_that_reach_nobody_are_refused() {
        let config = Config::new("http://127.0.0.1:8080".parse().unwrap(), [7; 32]);
        assert!(config.refuses_phone("13800138000"));
        assert!(config.refuses_phone("15900000000"));
        assert!(!config.refuses_phone("13800000001"));
    }
}
