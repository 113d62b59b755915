//! A refusal that is answered while the client is still sending: reading on for a little while lets the client see the
//! answer. Closing at once would reset the connection, and the answer with it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use futures::{Stream, StreamExt as _};

/// How long to read on.
const TIME_MAX: Duration = Duration::from_secs(5);
/// How much to read on, in bytes: what a client sends before it looks at the answer.
const BYTES_MAX: usize = 64 << 20;

/// A request's body that is still there when the handler has dropped it.
#[derive(Clone)]
struct Shared(Arc<Mutex<BodyDataStream>>);

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(cx)
    }
}

/// Reads on when a request was refused.
pub(crate) async fn linger(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body.into_data_stream())));
    let request = Request::from_parts(parts, Body::from_stream(shared.clone()));
    let response = next.run(request).await;
    if response.status().is_client_error() {
        tokio::spawn(tokio::time::timeout(TIME_MAX, read_on(shared)));
    }
    response
}

/// Ends at the body's end, when the client breaks off, or when enough was read.
async fn read_on(mut body: Shared) {
    let mut bytes = 0;
    while let Some(Ok(chunk)) = body.next().await {
        bytes += chunk.len();
        if bytes > BYTES_MAX {
            return;
        }
    }
}
