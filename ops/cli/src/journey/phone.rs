//! The phones of the people, read from the sandbox's SMS gateway.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use url::Url;

/// The sandbox's phones.
#[derive(Debug, Clone)]
pub struct Phones {
    http: reqwest::Client,
    sandbox: Url,
    patience: Duration,
}

impl Phones {
    /// The phones of the sandbox at this control address.
    #[must_use]
    pub fn new(sandbox: Url, patience: Duration) -> Self {
        Self { http: reqwest::Client::new(), sandbox, patience }
    }

    /// Milliseconds since 1970, by this computer's clock, which the sandbox shares.
    #[must_use]
    pub fn now_ms() -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// The first SMS to `phone` since `after_ms` whose text holds `words`.
    ///
    /// # Errors
    /// When none arrives in time.
    pub async fn expect(&self, phone: &str, after_ms: i64, words: &str) -> Result<String> {
        let deadline = Instant::now() + self.patience;
        loop {
            for text in self.texts(phone, after_ms).await? {
                if text.contains(words) {
                    return Ok(text);
                }
            }
            if Instant::now() > deadline {
                bail!("no SMS with {words:?} arrived");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The six digits of the newest code that was sent to `phone` since `after_ms`.
    ///
    /// # Errors
    /// When none arrives in time.
    pub async fn code(&self, phone: &str, after_ms: i64) -> Result<String> {
        let text = self.expect(phone, after_ms, "验证码").await?;
        let digits = text.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 6);
        digits.map(str::to_owned).with_context(|| format!("no code in the SMS {text:?}"))
    }

    /// The token of the link in the SMS that asks `phone` to sign.
    ///
    /// # Errors
    /// When none arrives in time.
    pub async fn link(&self, phone: &str, after_ms: i64) -> Result<String> {
        let text = self.expect(phone, after_ms, "/h5/s/").await?;
        let rest = text.split("/h5/s/").nth(1).unwrap_or_default();
        let is_token = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        Ok(rest.chars().take_while(is_token).collect())
    }

    /// All texts to `phone` since `after_ms`, newest first.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn texts(&self, phone: &str, after_ms: i64) -> Result<Vec<String>> {
        let mut url = self.sandbox.join("/api/messages")?;
        url.query_pairs_mut().append_pair("phone", phone).append_pair("after", &after_ms.to_string());
        let messages: Value = self.http.get(url).send().await?.error_for_status()?.json().await?;
        let list = messages.as_array().cloned().unwrap_or_default();
        Ok(list.iter().filter_map(|each| each["text"].as_str().map(str::to_owned)).collect())
    }
}
