//! Starts and stops the servers.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use axum::{Router, extract::DefaultBodyLimit};
use axum_server::{Handle, tls_openssl::OpenSSLConfig};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Shared,
    certificates::Certificates,
    control,
    enrolments::Enrolments,
    est,
    faults::Faults,
    mailbox::Mailboxes,
    phones::Phones,
    pki::{Identity, Pki},
    revocation, sms, smtp, tsa,
};

/// Largest request that any of the HTTP servers reads, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long calls that are under way may take when the sandbox stops.
const GRACE: Duration = Duration::from_millis(200);

/// Where the servers listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Page and control.
    pub control: SocketAddr,
    /// SMS gateway.
    pub sms: SocketAddr,
    /// Certification authority.
    pub est: SocketAddr,
    /// Timestamp authority.
    pub tsa: SocketAddr,
    /// Mail server.
    pub smtp: SocketAddr,
    /// CRL, OCSP and the authority's certificates.
    pub publication: SocketAddr,
}

/// The sandbox.
#[derive(Debug)]
pub struct Sandbox;

/// A sandbox that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// Where the servers listen.
    pub addresses: Addresses,
    /// The root certificate in PEM, which the platform is to trust.
    pub ca_file: PathBuf,
    /// The root that SM2 certificates lead to, in PEM.
    pub sm2_ca_file: PathBuf,
    handles: Vec<Handle<SocketAddr>>,
    /// The HTTP servers, which end when their handles say so.
    servers: JoinSet<Result<()>>,
    /// The mail server and the delivery of messages, which go on for ever.
    others: JoinSet<Result<()>>,
}

/// Runs a sandbox until `shutdown`.
///
/// # Errors
/// When it cannot start, or one of its servers fails.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<()> {
    let mut running = Sandbox::start(config).await?;
    tracing::info!(sandbox.page = %running.page(), "the sandbox is open");
    tokio::select! {
        () = shutdown.cancelled() => {
            running.stop().await;
            Ok(())
        }
        ended = running.servers.join_next() => failure(ended),
        ended = running.others.join_next() => failure(ended),
    }
}

/// No server ends by itself.
fn failure(ended: Option<Result<Result<()>, JoinError>>) -> Result<()> {
    match ended {
        Some(Ok(Err(error))) => Err(error),
        Some(Err(error)) => Err(error).context("a server of the sandbox broke"),
        Some(Ok(Ok(()))) | None => bail!("a server of the sandbox ended"),
    }
}

impl Sandbox {
    /// Starts all servers; when this returns, they answer.
    ///
    /// # Errors
    /// When an address is taken or not on loopback, or the state folder cannot be used.
    pub async fn start(config: Config) -> Result<Running> {
        std::fs::create_dir_all(&config.state_dir)
            .with_context(|| format!("making {}", config.state_dir.display()))?;
        let control = listen(config.control).context("page and control")?;
        let sms = listen(config.sms).context("SMS gateway")?;
        let est = listen(config.est).context("certification authority")?;
        let tsa = listen(config.tsa).context("timestamp authority")?;
        let smtp = listen(config.smtp).context("mail server")?;
        let publication = listen(config.publication).context("the certification authority's publication")?;
        let addresses = Addresses {
            control: control.local_addr()?,
            sms: sms.local_addr()?,
            est: est.local_addr()?,
            tsa: tsa.local_addr()?,
            smtp: smtp.local_addr()?,
            publication: publication.local_addr()?,
        };
        let (receipts, announced) = sms::Receipts::new(config.receipts_url.clone());
        let shared = Arc::new(shared(&config, addresses.publication, receipts)?);
        let (ca_file, sm2_ca_file) = (shared.pki.root_file.clone(), shared.pki.sm2_root_file.clone());
        let mut running = Running {
            addresses,
            ca_file,
            sm2_ca_file,
            handles: Vec::new(),
            servers: JoinSet::new(),
            others: JoinSet::new(),
        };

        running.serve(control, control::router(Arc::clone(&shared)))?;
        running.serve(sms, sms::router(Arc::clone(&shared)))?;
        running.serve(tsa, tsa::router(Arc::clone(&shared)))?;
        running.serve(publication, revocation::router(Arc::clone(&shared)))?;
        running.serve_tls(est, est::router(Arc::clone(&shared)), &shared.pki.server()?)?;
        let server = smtp::Server {
            listener: tokio::net::TcpListener::from_std(smtp)?,
            identity: shared.pki.server()?,
            account: config.smtp_account,
        };
        running.others.spawn(smtp::serve(Arc::clone(&shared), server));
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let delay = Duration::from_millis(config.delivery_delay_ms);
        running.others.spawn(async move {
            sms::deliver(shared, announced, delay, http).await;
            Ok(())
        });
        for handle in &running.handles {
            handle.listening().await.context("a server did not come up")?;
        }
        Ok(running)
    }
}

impl Running {
    /// The page with the phones.
    #[must_use]
    pub fn page(&self) -> String {
        format!("http://{}/", self.addresses.control)
    }

    /// Stops all servers; calls under way are cut off after a moment.
    pub async fn stop(mut self) {
        for handle in &self.handles {
            handle.graceful_shutdown(Some(GRACE));
        }
        while self.servers.join_next().await.is_some() {}
        self.others.shutdown().await;
    }

    fn serve(&mut self, listener: TcpListener, router: Router) -> Result<()> {
        let handle = Handle::new();
        let server = axum_server::from_tcp(listener)?.handle(handle.clone());
        let app = limited(router).into_make_service();
        self.handles.push(handle);
        self.servers.spawn(async move { Ok(server.serve(app).await?) });
        Ok(())
    }

    fn serve_tls(&mut self, listener: TcpListener, router: Router, identity: &Identity) -> Result<()> {
        let handle = Handle::new();
        let certificate = identity.certificate.to_pem()?;
        let tls = OpenSSLConfig::from_pem(&certificate, &identity.key.private_key_to_pem_pkcs8()?)?;
        let acceptor = axum_server::tls_openssl::OpenSSLAcceptor::new(tls);
        let server = axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle.clone());
        let app = limited(router).into_make_service();
        self.handles.push(handle);
        self.servers.spawn(async move { Ok(server.serve(app).await?) });
        Ok(())
    }
}

fn limited(router: Router) -> Router {
    router.layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

fn shared(config: &Config, publication: SocketAddr, receipts: sms::Receipts) -> Result<Shared> {
    let folder = &config.state_dir;
    Ok(Shared {
        public_url: config.public_url.clone(),
        certificate_days: config.certificate_days,
        sms_account: config.sms_account.clone(),
        est_account: config.est_account.clone(),
        phones: Phones::open(&folder.join("sms.jsonl"))?,
        mailboxes: Mailboxes::open(&folder.join("mail.jsonl"))?,
        certificates: Certificates::open(folder)?,
        enrolments: Enrolments::default(),
        faults: Faults::default(),
        nonces: sms::Nonces::default(),
        templates: sms::Templates::for_platform(&config.public_url),
        receipts,
        pki: Pki::open(&folder.join("ca"), &format!("http://{publication}"))?,
    })
}

/// Everything that arrives here can be read by anybody who reaches the page, so nobody from outside may.
fn listen(address: SocketAddr) -> Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!("{address} is not a loopback address");
    }
    let listener = TcpListener::bind(address).with_context(|| format!("listening on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
