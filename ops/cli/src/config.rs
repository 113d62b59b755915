//! Every setting, in one place: defaults, then `sealflow.toml`, then the environment (`SEALFLOW_…`, and `DATABASE_URL`).

mod jobs;
mod signatures;

use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use figment::{
    Figment,
    providers::{Env, Format as _, Serialized, Toml},
};
pub use jobs::{JobLimits, Jobs, Keep, Schedule};
use sealflow_pdf::validate::Level;
use sealflow_providers::{ca, revocation, sms, tsa};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
pub use signatures::Signatures;
pub(crate) use signatures::token_environment;
use url::Url;

/// Variables that others read: where fonts are (`sealflow_pdf::fonts`), and what a token's address does not say.
const NOT_SETTINGS: [&str; 3] = ["font_dirs", "pkcs11_module", "pkcs11_pin"];

/// All settings. A name below a section is reached in the environment by two underscores: `SEALFLOW_SMS__ENDPOINT`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the database, the documents and the keys live.
    pub data_dir: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How people reach the application; links in SMS begin with it.
    pub public_url: Url,
    /// `sqlite://…` or `postgres://…`; empty: SQLite in `data_dir`.
    pub database_url: String,
    /// A folder with the definitions (`*.yaml`); empty: those built in.
    pub workflows_dir: PathBuf,
    /// What the pages show in their header.
    pub environment: Environment,
    /// Where the sandbox shows its phones; only in the sandbox.
    pub sandbox_url: Option<Url>,
    /// Sessions and codes.
    pub auth: Auth,
    /// Workers.
    pub jobs: Jobs,
    /// SMS gateway (Aliyun's protocol).
    pub sms: sms::Config,
    /// The secret last part of the address that the SMS gateway posts receipts to; empty: none are taken.
    pub sms_callback_token: SecretString,
    /// Certificate authority (EST).
    pub ca: ca::Config,
    /// Timestamp authority (RFC 3161).
    pub tsa: tsa::Config,
    /// How issuers are asked about their certificates.
    #[serde(default)]
    pub revocation: revocation::Config,
    /// What level signatures get.
    pub signatures: Signatures,
}

/// Which world the vendors belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real vendors.
    Production,
    /// The sandbox's.
    Sandbox,
}

/// Limits of codes for one phone number.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Codes a minute, for one purpose.
    pub codes_per_minute: usize,
    /// Codes an hour.
    pub codes_per_hour: usize,
    /// Codes a day.
    pub codes_per_day: usize,
}

impl Config {
    /// Reads the settings. `defaults` are those of this start, such as the sandbox's addresses; a file and the
    /// environment go before them, and `data_dir` from the command line before all.
    ///
    /// # Errors
    /// A sentence that names the setting and what is wrong with it.
    pub fn load(file: Option<&Path>, data_dir: Option<&Path>, defaults: &Value) -> Result<Self> {
        let mut figment =
            Figment::from(Serialized::defaults(base())).merge(Serialized::defaults(defaults.clone()));
        figment = match file {
            Some(path) if !path.exists() => bail!("the configuration file {} is not there", path.display()),
            Some(path) => figment.merge(Toml::file_exact(path)),
            None => figment.merge(Toml::file("sealflow.toml")),
        };
        figment = figment
            .merge(Env::raw().only(&["DATABASE_URL"]))
            .merge(Env::prefixed("SEALFLOW_").ignore(&NOT_SETTINGS).split("__"));
        if let Some(dir) = data_dir {
            figment = figment.merge(("data_dir", dir));
        }
        Self::finish(&figment)
    }

    /// Only what `defaults` say: neither a file nor the environment. For `sealflow demo`, which must not touch anything
    /// that is configured here.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn isolated(data_dir: &Path, defaults: &Value) -> Result<Self> {
        let figment = Figment::from(Serialized::defaults(base()))
            .merge(Serialized::defaults(defaults.clone()))
            .merge(("data_dir", data_dir));
        Self::finish(&figment)
    }

    fn finish(figment: &Figment) -> Result<Self> {
        let mut config: Self = figment.extract().context("reading the configuration")?;
        fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("making the data folder {}", config.data_dir.display()))?;
        config.data_dir = config.data_dir.canonicalize().context("finding the data folder")?;
        if config.database_url.is_empty() {
            config.database_url = format!("sqlite://{}", config.data_dir.join("sealflow.db").display());
        }
        Ok(config)
    }

    /// Whether timestamps lead to somebody who is trusted. Without a file with roots any authority's token would be taken, and
    /// found wanting only in the signed file.
    ///
    /// # Errors
    /// In production a sentence that names the setting.
    pub(crate) fn check_timestamps(&self) -> Result<()> {
        if self.tsa.trust_file.is_some() || self.signatures.settings()?.level < Level::BT {
            return Ok(());
        }
        let missing = "tsa.trust_file: a PEM file with the roots of the timestamp authority is needed for level B-T and above";
        if self.environment == Environment::Production {
            bail!("{missing}");
        }
        tracing::warn!("{missing}; its timestamps are not checked until they are in a file");
        Ok(())
    }

    /// The 32 bytes that codes, links and the keys that wrap event keys are derived from; drawn once and kept in `data_dir/secret.key`, readable by
    /// the owner only.
    ///
    /// # Errors
    /// When the file cannot be read or written, or has not 32 bytes.
    pub fn secret(&self) -> Result<[u8; 32]> {
        let path = self.data_dir.join("secret.key");
        if !path.exists() {
            let mut drawn = [0; 32];
            openssl::rand::rand_bytes(&mut drawn).context("drawing the secret")?;
            // Written beside and linked into place, so that two processes agree on one secret.
            let beside = self.data_dir.join(format!("secret.key.{}", std::process::id()));
            let mut file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(&drawn)?;
            file.sync_all()?;
            let linked = fs::hard_link(&beside, &path);
            fs::remove_file(&beside)?;
            if !path.exists() {
                linked.context("keeping the secret")?;
            }
        }
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        bytes.try_into().map_err(|_| anyhow::anyhow!("{} must hold exactly 32 bytes", path.display()))
    }
}

/// What holds where nothing else is said. The vendors have no defaults: `.invalid` is a name that never resolves.
fn base() -> Value {
    json!({
        "data_dir": "var",
        "listen": "127.0.0.1:8080",
        "public_url": "http://127.0.0.1:8080",
        "database_url": "",
        "workflows_dir": "",
        "environment": "production",
        "sandbox_url": null,
        "auth": {"codes_per_minute": 1, "codes_per_hour": 5, "codes_per_day": 10},
        "jobs": jobs::defaults(),
        "sms_callback_token": "",
        "sms": {
            "base_url": "https://dysmsapi.aliyuncs.com", "access_key_id": "", "access_key_secret": "", "sign_name": "",
            "templates": {
                "login_code": "", "intent_code": "", "sign_request": "", "reminder": "", "completed": "", "declined": ""
            }
        },
        "ca": {"base_url": "https://ca.invalid", "trust_file": "", "username": "", "password": ""},
        "tsa": {"url": "https://tsa.invalid"},
        "signatures": {"level": "b-lta", "key_store": "software", "raise_after_s": 3_600, "renew_after_days": 1_095},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_must_lead_to_a_root_in_production() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let with = |environment: &str, level: &str, roots: Option<&str>| {
            let mut tsa = json!({"url": "https://tsa.invalid"});
            if let Some(roots) = roots {
                tsa["trust_file"] = json!(roots);
            }
            let settings = json!({"environment": environment, "tsa": tsa, "signatures": {"level": level}});
            Config::isolated(folder.path(), &settings)?.check_timestamps()
        };
        let refused = with("production", "b-t", None).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|error| error.starts_with("tsa.trust_file: ")));
        assert!(with("production", "b-lta", None).is_err());
        with("production", "b-b", None)?;
        with("production", "b-lta", Some("roots.pem"))?;
        with("sandbox", "b-lta", None)
    }
}
