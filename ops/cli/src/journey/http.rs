//! One person's browser: cookies, one idempotency key an intent, and patience with a server that is being restarted.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode, multipart};
use serde_json::{Value, json};
use url::Url;

use super::Phones;

/// Between two looks at something that is under way.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A browser of one person.
#[derive(Debug, Clone)]
pub struct Visitor {
    http: reqwest::Client,
    app: Url,
    patience: Duration,
}

/// The server's refusal: it will not change by asking again.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} was refused with {status}: {problem}")]
pub struct Refused {
    method: Method,
    path: String,
    /// The HTTP status.
    pub status: StatusCode,
    /// The problem details.
    pub problem: Value,
}

impl Visitor {
    /// A fresh browser for the application at `app`.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(app: Url, patience: Duration) -> Result<Self> {
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .context("building the HTTP client")?;
        Ok(Self { http, app, patience })
    }

    /// Logs in by phone and code, with the link's token when the person came by one. A crash may have eaten a code, so a
    /// refused code is followed by a new one.
    ///
    /// # Errors
    /// No SMS in time, or three codes refused.
    pub async fn log_in(&self, phones: &Phones, phone: &str, link: Option<&str>) -> Result<Value> {
        let mut last = None;
        for _ in 0..3 {
            let after_ms = Phones::now_ms();
            self.post("/api/login/codes", &json!({"phone": phone, "link": link})).await?;
            let code = phones.code(phone, after_ms).await?;
            let body = json!({"phone": phone, "code": code, "link": link});
            match self.post("/api/login", &body).await {
                Ok(session) => return Ok(session),
                Err(refused) => last = Some(refused),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no code was accepted")))
    }

    /// GET, JSON.
    ///
    /// # Errors
    /// See [`Visitor::send`].
    pub async fn get(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.get_bytes(path).await?)?)
    }

    /// GET, bytes.
    ///
    /// # Errors
    /// See [`Visitor::send`].
    pub async fn get_bytes(&self, path: &str) -> Result<Vec<u8>> {
        self.send(Method::GET, path, Ok).await
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// See [`Visitor::send`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.json(Method::POST, path, body).await
    }

    /// PUT of JSON.
    ///
    /// # Errors
    /// See [`Visitor::send`].
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.json(Method::PUT, path, body).await
    }

    /// Uploads one file as the form field `file`.
    ///
    /// # Errors
    /// See [`Visitor::send`].
    pub async fn upload(&self, path: &str, file_name: &str, bytes: Vec<u8>) -> Result<Value> {
        let answer = self
            .send(Method::POST, path, |request| {
                let part = multipart::Part::bytes(bytes.clone())
                    .file_name(file_name.to_owned())
                    .mime_str("application/pdf")?;
                Ok(request.multipart(multipart::Form::new().part("file", part)))
            })
            .await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Looks at `path` until `found` likes the answer.
    ///
    /// # Errors
    /// The last answer, when the patience is over.
    pub async fn follow(&self, path: &str, found: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + self.patience;
        loop {
            let answer = self.get(path).await?;
            if found(&answer) {
                return Ok(answer);
            }
            if Instant::now() > deadline {
                bail!("{path} still answers {answer}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn json(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let answer = self.send(method, path, |request| Ok(request.json(body))).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }

    /// One intent: sent again with the same key while the server cannot be reached or fails.
    ///
    /// # Errors
    /// [`Refused`] for an answer from 400 to 499; else the last failure when the patience is over.
    async fn send(
        &self,
        method: Method,
        path: &str,
        fill: impl Fn(reqwest::RequestBuilder) -> Result<reqwest::RequestBuilder>,
    ) -> Result<Vec<u8>> {
        let url = self.app.join(path)?;
        let key = uuid::Uuid::new_v4().to_string();
        let deadline = Instant::now() + self.patience;
        loop {
            let request = self
                .http
                .request(method.clone(), url.clone())
                .header("origin", self.app.origin().ascii_serialization())
                .header("idempotency-key", &key);
            let failure = match fill(request)?.send().await {
                Ok(answer) if answer.status().is_success() => match answer.bytes().await {
                    Ok(bytes) => return Ok(bytes.to_vec()),
                    Err(source) => anyhow::Error::from(source),
                },
                Ok(answer) if answer.status().is_client_error() => {
                    let status = answer.status();
                    let problem = answer.json().await.unwrap_or(Value::Null);
                    return Err(Refused { method, path: path.to_owned(), status, problem }.into());
                }
                Ok(answer) => anyhow::anyhow!("{method} {path} failed with {}", answer.status()),
                Err(source) => source.into(),
            };
            if Instant::now() > deadline {
                return Err(failure.context("the server did not come back in time"));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
