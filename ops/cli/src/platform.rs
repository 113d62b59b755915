//! Puts the parts together and runs them until the shutdown.

use std::sync::{Arc, Once};

use anyhow::{Context as _, Result};
use sealflow_jobs::{
    Runtime,
    handlers::{self, Tools},
    room::Room,
};
use sealflow_pdf::{
    Trust,
    confined::{self, Confined},
    seal::{self, SealSpec},
};
use sealflow_providers::{
    ca::CaClient,
    keystore::{
        event::Keystore,
        pkcs11::{KeyUri, event::TokenKeystore},
    },
    revocation::RevocationClient,
    sms::SmsClient,
    tsa::TsaClient,
};
use sealflow_server::App;
use sealflow_store::{Store, seed};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    commands::run::Parts,
    config::{Config, Environment, token_environment},
    definitions,
};

/// Structured logs on standard error, one JSON object a line; `RUST_LOG` chooses how much.
pub(crate) fn log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            // A line that cannot be written is lost. To say so would go the same way, and panic there.
            .log_internal_errors(false)
            .init();
    });
}

/// Opens the store with this version's tables and definitions.
///
/// # Errors
/// A sentence that says what could not be opened.
pub(crate) async fn open(config: &Config) -> Result<Store> {
    let sources = definitions::load(&config.workflows_dir)?;
    let store = open_store(config).await?;
    definitions::publish(&store, &sources).await?;
    Ok(store)
}

/// Opens the store with this version's tables, and publishes nothing: for those who look at it.
///
/// # Errors
/// A sentence that says what could not be opened.
pub(crate) async fn open_store(config: &Config) -> Result<Store> {
    let settings = sealflow_store::Config {
        database_url: config.database_url.clone(),
        blobs_dir: config.data_dir.join("documents"),
    };
    Store::open(&settings).await.context("opening the store")
}

/// Runs these parts until the shutdown.
///
/// # Errors
/// When a part cannot be started, or ends before the shutdown.
pub(crate) async fn run(
    config: &Config,
    parts: Parts,
    demo_data: bool,
    shutdown: CancellationToken,
) -> Result<()> {
    let secret = config.secret()?;
    if parts.works() {
        config.check_timestamps()?;
    }
    let token = config.signatures.token()?;
    // A process that only serves signs nothing, and need not reach the token.
    let keystore = if parts.works() { Some(keystore(config, token).await?) } else { None };
    let store = open(config).await?;
    if demo_data {
        add_demo_data(&store).await?;
    }
    let executable =
        std::env::current_exe().context("finding this program, which opens PDF files in child processes")?;
    let confined = Confined::new(executable, confined::Limits::default());
    // So that the first upload does not wait for it, and a program that cannot start one says so now.
    confined.warm_up().context("starting a child process that opens PDF files")?;

    let working = async {
        let Some(keystore) = keystore else { return anyhow::Ok(()) };
        let tools = tools(config, confined.clone(), secret, keystore)?;
        let runtime = Runtime {
            store: store.clone(),
            registry: handlers::registry(&tools),
            config: config.jobs.runtime()?,
        };
        sealflow_jobs::run(runtime, shutdown.clone()).await;
        Ok(())
    };
    let serving = async {
        if !parts.serves() {
            return anyhow::Ok(());
        }
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("listening on {}", config.listen))?;
        let app = App::new(store.clone(), server_config(config, secret)?, confined.clone());
        sealflow_server::serve(app, listener, shutdown.clone()).await.context("the server")
    };
    // Whichever part breaks ends the others in order.
    let ended = tokio::try_join!(working, serving);
    shutdown.cancel();
    store.close().await;
    ended.map(drop)
}

/// Where signers' keys are made. A token is tried now, so that nobody confirms what then cannot be signed.
async fn keystore(config: &Config, token: Option<KeyUri>) -> Result<Keystore> {
    let algorithm = config.signatures.key_algorithm;
    let Some(uri) = token else { return Ok(Keystore::Software(algorithm)) };
    let (module, pin) = token_environment();
    let token = TokenKeystore::new(uri, module, pin, algorithm).context("signatures.key_store")?;
    let keystore = Keystore::Token(Arc::new(token));
    keystore.check().await.context("signatures.key_store: no signature can be made in the token")?;
    Ok(keystore)
}

fn tools(config: &Config, confined: Confined, secret: [u8; 32], keystore: Keystore) -> Result<Tools> {
    Ok(Tools::new(handlers::Inner {
        confined,
        room: Room::default(),
        sms: SmsClient::new(config.sms.clone())?,
        ca: CaClient::new(config.ca.clone())?,
        keystore,
        tsa: TsaClient::new(config.tsa.clone())?,
        revocation: RevocationClient::new(config.revocation)?,
        signatures: config.signatures.settings()?,
        trust: Trust { roots_der: roots(config)?, ..Trust::default() },
        secret,
        sms_settle_ms: i64::try_from(config.jobs.sms_settle_ms)?,
        retention: config.jobs.keep.retention()?,
    }))
}

/// The roots that timestamps and signatures may lead to.
fn roots(config: &Config) -> Result<Vec<Vec<u8>>> {
    let mut roots = Vec::new();
    for path in [&config.tsa.trust_file, &config.signatures.trust_file].into_iter().flatten() {
        let pem = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        for certificate in openssl::x509::X509::stack_from_pem(&pem)? {
            roots.push(certificate.to_der()?);
        }
    }
    Ok(roots)
}

fn server_config(config: &Config, secret: [u8; 32]) -> Result<sealflow_server::Config> {
    let mut server = sealflow_server::Config::new(config.public_url.clone(), secret);
    server.environment = match config.environment {
        Environment::Production => sealflow_server::Environment::Production,
        Environment::Sandbox => sealflow_server::Environment::Sandbox,
    };
    server.sandbox_url.clone_from(&config.sandbox_url);
    server.sms_callback_token = config.sms_callback_token.clone();
    server.codes.per_minute = config.auth.codes_per_minute;
    server.codes.per_hour = config.auth.codes_per_hour;
    server.codes.per_day = config.auth.codes_per_day;
    server.trust = Trust { roots_der: roots(config)?, ..Trust::default() };
    server.revocation = Some(RevocationClient::new(config.revocation)?);
    Ok(server)
}

/// The demo organization with its seal, and three people who can log in. Once more changes nothing.
async fn add_demo_data(store: &Store) -> Result<()> {
    let spec = SealSpec {
        shape: seal::Shape::Round,
        kind: seal::Kind::Contract,
        organization_name: seed::ORGANIZATION.to_owned(),
        center_text: Some(seed::SEAL.to_owned()),
        bottom_text: Some("3101150000001".to_owned()),
        color: None,
        size_mm: None,
    };
    let svg = seal::draw(&spec).context("drawing the demo seal")?;
    let spec = serde_json::to_value(&spec)?;
    let mut tx = store.begin().await?;
    seed::demo(&mut tx, seed::DemoSeal { svg: &svg, spec: &spec }).await?;
    tx.commit().await?;
    Ok(())
}
