//! Listening until the shutdown, and then until what is under way has ended.

use std::{future::IntoFuture as _, io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{App, router};

/// Serves until `shutdown`; then takes no new requests and gives those under way the configured time.
///
/// # Errors
/// When the listener fails.
pub async fn serve(app: App, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
    let grace = Duration::from_secs(app.config.stop_grace_s);
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    tracing::info!(listen = ?listener.local_addr().ok(), "serving");
    let stopping = shutdown.clone();
    let server =
        axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned()).into_future();
    let patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        ended = server => ended,
        () = patience => {
            tracing::warn!("requests were still under way at the end of the grace time");
            Ok(())
        }
    }
}
