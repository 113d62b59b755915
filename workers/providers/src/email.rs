//! Mail over SMTP.
//!
//! A mail may go out twice when a server takes it and its answer is lost. The caller therefore gives every mail a
//! Message-ID that is the same for each attempt: mail programs show such twins once.

use std::{path::PathBuf, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// Longest subject, in characters.
const SUBJECT_CHARS_MAX: usize = 200;
/// Longest text or HTML, in bytes.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Longest Message-ID, in bytes.
const MESSAGE_ID_BYTES_MAX: usize = 200;

/// How to reach the mail server, and as whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name or address of the server.
    pub host: String,
    /// 587 for STARTTLS, 465 for TLS, as a rule.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// PEM file with the only certificate that the server is trusted by; without it those of the system.
    #[serde(default)]
    pub trust_file: Option<PathBuf>,
    /// Who logs in; needs `password` and an encrypted connection.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of `username`.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Who the mail is from: `示例签 <no-reply@sign.example.cn>`.
    pub from: String,
    /// The whole handing over, in milliseconds.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
}

const fn default_timeout_ms() -> u64 {
    10_000
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Not at all: for a server on the same machine.
    None,
    /// STARTTLS, and no mail without it.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// One mail to one address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// For programs that show no HTML.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// `id@domain`, without the angle brackets; the same for every attempt.
    pub message_id: String,
}

/// The id only.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// A mail that was not handed over. Servers quote addresses in their answers, so only codes are kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration makes no working client.
    #[error("the mail client cannot be set up: {0}")]
    Setup(&'static str),
    /// The mail itself is at fault; nothing was sent.
    #[error("the mail cannot be written: {0}")]
    Mail(&'static str),
    /// The server says: not now. Try again later with the same Message-ID.
    #[error("the mail server answers {code}")]
    Temporary {
        /// The SMTP reply code, 4xx.
        code: u16,
    },
    /// The server says no. Stop.
    #[error("the mail server refuses with {code}")]
    Rejected {
        /// The SMTP reply code, 5xx.
        code: u16,
    },
    /// No connection, or it broke. The server may have the mail; try again later with the same Message-ID.
    #[error("the mail server did not answer")]
    NoAnswer(#[source] std::io::Error),
}

/// The mail server, as one account sees it.
#[derive(Debug)]
pub struct EmailClient {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl EmailClient {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    /// [`Error::Setup`] when the configuration contradicts itself or a file cannot be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        let from = config.from.parse().map_err(|_| Error::Setup("`from` is not a mail address"))?;
        let timeout = Duration::from_millis(config.timeout_ms);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .timeout(Some(timeout))
            .tls(tls(&config)?);
        builder = match (config.username, config.password) {
            (Some(_), _) if config.encryption == Encryption::None => {
                return Err(Error::Setup("a password needs an encrypted connection"));
            }
            (Some(username), Some(password)) => {
                builder.credentials(Credentials::new(username, password.expose_secret().to_owned()))
            }
            (None, None) => builder,
            _ => return Err(Error::Setup("`username` and `password` go together")),
        };
        Ok(Self { transport: builder.build(), from, timeout })
    }

    /// Hands one mail to the server.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(&self, mail: &Mail) -> Result<(), Error> {
        let message = self.compose(mail)?;
        // lettre limits only the time to connect; a server that falls silent later would hold the caller for ever.
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(Error::NoAnswer(std::io::ErrorKind::TimedOut.into())),
        }
    }

    fn compose(&self, mail: &Mail) -> Result<Message, Error> {
        let to: Mailbox = mail.to.parse().map_err(|_| Error::Mail("`to` is not a mail address"))?;
        if mail.subject.chars().count() > SUBJECT_CHARS_MAX || mail.subject.contains(['\r', '\n']) {
            return Err(Error::Mail("the subject is longer than 200 characters or than one line"));
        }
        if mail.text.len() > BODY_BYTES_MAX || mail.html.len() > BODY_BYTES_MAX {
            return Err(Error::Mail("the text is longer than 512 KiB"));
        }
        if !is_message_id(&mail.message_id) {
            return Err(Error::Mail("the Message-ID is not of the form id@domain"));
        }
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject.as_str())
            .message_id(Some(format!("<{}>", mail.message_id)))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|_| Error::Mail("a header cannot be written"))
    }
}

fn tls(config: &Config) -> Result<Tls, Error> {
    if config.encryption == Encryption::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.trust_file {
        let pem = std::fs::read(path).map_err(|_| Error::Setup("`trust_file` cannot be read"))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|_| Error::Setup("`trust_file` holds no certificate in PEM form"))?;
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    let parameters = parameters.build().map_err(|_| Error::Setup("TLS cannot be set up"))?;
    Ok(match config.encryption {
        Encryption::Starttls => Tls::Required(parameters),
        Encryption::Tls | Encryption::None => Tls::Wrapper(parameters),
    })
}

/// `id@domain`, of the characters that need no quoting (RFC 5322, `dot-atom-text`).
fn is_message_id(text: &str) -> bool {
    let atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+=".contains(&byte))
            && !part.starts_with('.')
            && !part.ends_with('.')
    };
    text.len() <= MESSAGE_ID_BYTES_MAX
        && text.split_once('@').is_some_and(|(id, domain)| atom(id) && atom(domain))
}

fn classify(error: &lettre::transport::smtp::Error) -> Error {
    if let Some(code) = error.status() {
        let code = u16::from(code);
        return if error.is_permanent() { Error::Rejected { code } } else { Error::Temporary { code } };
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Error::NoAnswer(io.kind().into());
        }
        source = cause.source();
    }
    let kind = if error.is_tls() { "the TLS handshake failed" } else { "the answer is not SMTP" };
    Error::NoAnswer(std::io::Error::other(kind))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use super::*;

    fn config() -> Config {
        Config {
            host: "127.0.0.1".into(),
            port: 1,
            encryption: Encryption::None,
            trust_file: None,
            username: None,
            password: None,
            from: "示例签 <no-reply@sign.example.cn>".into(),
            timeout_ms: 100,
        }
    }

    fn mail() -> Mail {
        Mail {
            to: "signer@example.cn".into(),
            subject: "您有一份合同待签署".into(),
            text: "请登录".into(),
            html: "<p>请登录</p>".into(),
            message_id: "job-1@sign.example.cn".into(),
        }
    }

    #[tokio::test]
    async fn the_message_id_is_the_callers() {
        let client = EmailClient::new(config()).unwrap();
        let written = client.compose(&mail()).unwrap().formatted();
        let written = String::from_utf8(written).unwrap();
        assert!(written.contains("Message-ID: <job-1@sign.example.cn>\r\n"), "{written}");
    }

    #[tokio::test]
    async fn headers_cannot_be_smuggled_in() {
        let client = EmailClient::new(config()).unwrap();
        let with = |change: fn(&mut Mail)| {
            let mut mail = mail();
            change(&mut mail);
            client.compose(&mail)
        };
        assert!(with(|m| m.subject = "a\r\nBcc: x@example.cn".into()).is_err());
        assert!(with(|m| m.message_id = "a@b>\r\nBcc: x".into()).is_err());
        assert!(with(|m| m.to = "a@example.cn, b@example.cn".into()).is_err());
        assert!(with(|m| m.subject = "长".repeat(201)).is_err());
    }

    #[test]
    fn a_password_never_goes_over_a_bare_connection() {
        let mut bare = config();
        bare.username = Some("sealflow".into());
        bare.password = Some("secret".into());
        assert!(matches!(EmailClient::new(bare), Err(Error::Setup(_))));
    }
}
