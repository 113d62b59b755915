//! The engine's way to the bank: one request a connection, so that the bank sees when a caller has died.

use std::{io, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody was reached, so nothing happened.
    #[error("the bank cannot be reached")]
    Unreached(#[source] io::Error),
    /// The request was sent; what came of it is not known.
    #[error("the bank did not answer: {0}")]
    Unknown(String),
}

/// Sends a request and reads the answer.
///
/// # Errors
/// See [`Error`].
pub async fn call(bank: &str, path: &str, body: &Value, limit: Duration) -> Result<Value, Error> {
    let stream = TcpStream::connect(bank).await.map_err(Error::Unreached)?;
    match tokio::time::timeout(limit, exchange(stream, path, body)).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::Unknown("it took too long".to_owned())),
    }
}

async fn exchange(mut stream: TcpStream, path: &str, body: &Value) -> Result<Value, Error> {
    let unknown = |error: io::Error| Error::Unknown(error.to_string());
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: bank\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.map_err(unknown)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(unknown)?;
    let (head, body) =
        answer.split_once("\r\n\r\n").ok_or_else(|| Error::Unknown("it broke off".to_owned()))?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(Error::Unknown(head.lines().next().unwrap_or_default().to_owned()));
    }
    serde_json::from_str(body).map_err(|error| Error::Unknown(error.to_string()))
}
