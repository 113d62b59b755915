//! Every setting, in one place: defaults, then `sealflow.toml`, then the environment (`SEALFLOW_…`, and `DATABASE_URL`).

use std::{
    collections::BTreeMap,
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
use sealflow_jobs::{
    Control, cron,
    handlers::{self, Retention},
};
use sealflow_pdf::validate::Level;
use sealflow_providers::{
    ca,
    keystore::{
        Algorithm,
        pkcs11::{KeyUri, event::TokenKeystore},
    },
    revocation, sms, tsa,
};
use sealflow_store::jobs::{ConfiguredLimits, Kind, Provider, Queue, Rate, Scope};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

/// Variables that others read: where fonts are (`sealflow_pdf::fonts`), and what a token's address does not say.
const NOT_SETTINGS: [&str; 3] = ["font_dirs", "pkcs11_module", "pkcs11_pin"];

/// What a token's address does not say: the library that speaks to it, and the PIN.
pub(crate) fn token_environment() -> (Option<PathBuf>, Option<SecretString>) {
    let module = std::env::var_os("SEALFLOW_PKCS11_MODULE").map(PathBuf::from);
    (module, std::env::var("SEALFLOW_PKCS11_PIN").ok().map(Into::into))
}

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

/// The level of signatures (ETSI EN 319 142-1). Nothing is ever signed below it: who is needed for it is waited for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatures {
    /// `b-b`, `b-t`, `b-lt` or `b-lta`. B-T comes with the signature; what is above it some time after the last one.
    pub level: String,
    /// What keys sign: `p256`, `rsa_2048`, `rsa_3072` or `sm2` (with SM3). The certificate authority must certify such keys.
    #[serde(default)]
    pub key_algorithm: Algorithm,
    /// Where they are made, for each signing one: `software` (in memory), or the address of a token (RFC 7512),
    /// `pkcs11:token=…?module-path=/…&pin-source=file:/…`. What the address does not say comes from the variables
    /// `SEALFLOW_PKCS11_MODULE` and `SEALFLOW_PKCS11_PIN`.
    pub key_store: String,
    /// How long after it, in seconds: issuers shall have had time to hear of a stolen key.
    pub raise_after_s: u32,
    /// After how many days an archived file gets a fresh timestamp, before the last one's authority is forgotten; 0: never.
    pub renew_after_days: u32,
    /// PEM file with further roots that signatures in validated files may lead to, beside those of the timestamp authority.
    #[serde(default)]
    pub trust_file: Option<PathBuf>,
}

impl Signatures {
    /// The token where keys are made; none: memory.
    pub(crate) fn token(&self) -> Result<Option<KeyUri>> {
        if self.key_store == "software" {
            return Ok(None);
        }
        let uri =
            self.key_store.parse().context("signatures.key_store is `software` or a token's address")?;
        TokenKeystore::check(&uri, self.key_algorithm).context("signatures.key_store")?;
        Ok(Some(uri))
    }

    pub(crate) fn settings(&self) -> Result<handlers::Signatures> {
        let level =
            self.level.parse().map_err(|error: String| anyhow::anyhow!("signatures.level: {error}"))?;
        Ok(handlers::Signatures {
            level,
            raise_after_ms: i64::from(self.raise_after_s) * 1_000,
            renew_after_days: Some(self.renew_after_days).filter(|days| *days > 0),
        })
    }
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

/// How the workers behave.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// How long a claimed job belongs to its worker without renewal, in milliseconds.
    pub lease_ms: u64,
    /// How often a queue is looked at when nothing woke it, in milliseconds.
    pub poll_ms: u64,
    /// Jobs at a time in each queue, in this process.
    pub concurrency: usize,
    /// How long after a send with unknown result the gateway's "not found" is believed, in milliseconds.
    pub sms_settle_ms: u64,
    /// What holds jobs back over all processes.
    pub limits: JobLimits,
    /// What the clock starts, by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// How long what is old is kept.
    pub keep: Keep,
}

/// Limits over all processes; people can set others at run time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobLimits {
    /// Jobs at a time, by queue.
    pub queues: BTreeMap<Queue, u32>,
    /// Jobs at a time of one concurrency key, by kind.
    pub keys: BTreeMap<Kind, u32>,
    /// Calls of a provider: at most `max` in any `period_ms`.
    pub rates: BTreeMap<Provider, Rate>,
}

/// Jobs that the clock starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// `second minute hour day month weekday [year]`; empty: never.
    pub cron: String,
    /// Whose clock it is, for example `Asia/Shanghai`.
    pub time_zone: String,
    /// What happens with ticks that were missed: `skip`, `once`, or `all/<n>`.
    pub catch_up: String,
    /// The kind of job.
    pub kind: String,
    /// What the job is given.
    #[serde(default = "nothing")]
    pub payload: Value,
}

fn nothing() -> Value {
    json!({})
}

/// How long what is old is kept, in days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Sessions, codes and links, after they expired.
    pub sign_ins_days: u32,
    /// Jobs, after they were done or cancelled.
    pub jobs_days: u32,
    /// Instances other than contracts', after they ended; 0: for ever.
    pub instances_days: u32,
    /// Files that no row refers to: so long after they were kept they are set aside, and so long after that deleted.
    pub blobs_days: u32,
}

impl Keep {
    pub(crate) fn retention(&self) -> Result<Retention> {
        if self.blobs_days == 0 {
            bail!("jobs.keep.blobs_days: must be at least 1, as a file is kept before its row");
        }
        Ok(Retention {
            sign_ins_days: self.sign_ins_days,
            jobs_days: self.jobs_days,
            instances_days: Some(self.instances_days).filter(|days| *days > 0),
            blobs_days: self.blobs_days,
        })
    }
}

impl Jobs {
    pub(crate) fn runtime(&self) -> Result<sealflow_jobs::Config> {
        Ok(sealflow_jobs::Config {
            lease_ms: self.lease_ms,
            poll_ms: self.poll_ms,
            concurrency: self.concurrency,
            control: Some(self.control()?),
            ..sealflow_jobs::Config::default()
        })
    }

    fn control(&self) -> Result<Control> {
        let JobLimits { queues, keys, rates } = &self.limits;
        for (name, none) in queues.iter().map(|(queue, max)| (queue.as_str(), *max == 0)).chain(
            keys.iter().map(|(kind, max)| (kind.as_str(), *max == 0)).chain(
                rates.iter().map(|(provider, rate)| (provider.as_str(), rate.max == 0 || rate.period_ms < 1)),
            ),
        ) {
            if none {
                bail!("jobs.limits: the limit of {name} must be at least 1; to stop jobs, pause their queue");
            }
        }
        let of_queues = queues.iter().map(|(queue, max)| (Scope::Queue(*queue), *max));
        let of_keys = keys.iter().map(|(kind, max)| (Scope::Kind(*kind), *max));
        let limits = ConfiguredLimits { slots: of_queues.chain(of_keys).collect(), rates: rates.clone() };
        let mut schedules = Vec::with_capacity(self.schedules.len());
        for (name, schedule) in self.schedules.iter().filter(|(_, schedule)| !schedule.cron.is_empty()) {
            let time = (schedule.cron.as_str(), schedule.time_zone.as_str());
            let job = (schedule.kind.as_str(), schedule.payload.clone());
            let schedule = cron::Schedule::new(name, time, &schedule.catch_up, job)
                .with_context(|| format!("jobs.schedules.{name}"))?;
            schedules.push(schedule);
        }
        Ok(Control { limits, schedules })
    }
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

/// The chores run at night; a tick that nobody was there for is made up for once.
fn jobs() -> Value {
    let chore = |cron, kind| json!({"cron": cron, "time_zone": "Asia/Shanghai", "catch_up": "once", "kind": kind, "payload": {}});
    json!({
        "lease_ms": 15_000, "poll_ms": 1_000, "concurrency": 8, "sms_settle_ms": 60_000,
        "limits": {
            "queues": {}, "keys": {},
            "rates": {"sms": {"max": 100, "period_ms": 1_000}, "ca": {"max": 20, "period_ms": 1_000}}
        },
        "schedules": {
            "raise_documents": chore("30 */10 * * * *", "raise_documents"),
            "forget_sign_ins": chore("0 10 3 * * *", "forget_sign_ins"),
            "forget_jobs": chore("0 20 3 * * *", "forget_jobs"),
            "forget_instances": chore("0 30 3 * * *", "forget_instances"),
            "sweep_blobs": chore("0 40 3 * * *", "sweep_blobs"),
        },
        "keep": {"sign_ins_days": 30, "jobs_days": 90, "instances_days": 0, "blobs_days": 7},
    })
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
        "jobs": jobs(),
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
