//! `sealflow demo`: a whole contract over HTTP, against a fresh data folder and a sandbox of its own.

use std::{fs, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result};
use sealflow_sandbox::Sandbox;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    cli::Demo,
    commands::run::Parts,
    config::Config,
    journey::{Cast, Journey},
    platform, sample_contract,
    sandbox::{self, Ports},
};

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Drives the contract and leaves `original.pdf`, `signed.pdf` and `ca.pem` in the folder.
///
/// # Errors
/// The first step that did not happen.
pub async fn run(args: &Demo, shutdown: CancellationToken) -> Result<ExitCode> {
    fs::create_dir_all(&args.out).with_context(|| format!("making {}", args.out.display()))?;
    let scratch = tempfile::tempdir().context("making a data folder")?;
    let listen = free_address()?;
    let public_url = Url::parse(&format!("http://{listen}"))?;
    let vendors = sandbox::config(&scratch.path().join("sandbox"), &public_url, Ports::Free)?;
    let running = Sandbox::start(vendors.clone()).await.context("starting the sandbox")?;
    let mut defaults = sandbox::settings(&vendors, &running);
    defaults["listen"] = listen.into();
    defaults["public_url"] = public_url.as_str().into();
    let config = Config::isolated(&scratch.path().join("data"), &defaults)?;

    let journey = Journey {
        app: public_url,
        sandbox: Url::parse(&running.page())?,
        cast: Cast::default(),
        patience: PATIENCE,
        await_reminder: false,
    };
    let original = sample_contract::build().context("building the contract")?;
    let mut number = 0;
    let mut say = |line: &str| {
        number += 1;
        say!("{number:>2}. {line}");
    };
    let finished = tokio::select! {
        ended = platform::run(&config, Parts::All, true, shutdown.clone()) => {
            ended?;
            anyhow::bail!("stopped before the contract was completed");
        }
        finished = journey.run(original.clone(), &mut say) => finished?,
    };
    shutdown.cancel();

    let write = |name: &str, bytes: &[u8]| {
        let path = args.out.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
    };
    write("original.pdf", &original)?;
    write("signed.pdf", &finished.signed)?;
    write("ca.pem", &fs::read(&running.ca_file)?)?;
    running.stop().await;
    say!("\n{} holds original.pdf, signed.pdf and ca.pem. Try:", args.out.display());
    let out = args.out.display();
    say!("  sealflow pdf validate {out}/signed.pdf --trust {out}/ca.pem --json");
    Ok(ExitCode::SUCCESS)
}

fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
