//! `sealflow sandbox`: only the vendors.

use std::process::ExitCode;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::SandboxArgs,
    sandbox::{self, Ports},
};

/// Runs until the shutdown.
///
/// # Errors
/// When a port is taken or the folder cannot be used.
pub async fn run(args: &SandboxArgs, shutdown: CancellationToken) -> Result<ExitCode> {
    let config = sandbox::config(&args.data, &args.public_url, Ports::Default)?;
    say!("沙箱 sandbox: http://{}", config.control);
    sealflow_sandbox::run(config, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}
