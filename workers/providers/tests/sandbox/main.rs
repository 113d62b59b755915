//! The clients against servers that speak the vendors' protocols and share no code with them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

mod ca;
mod email;
mod revocation;
mod sms;
mod tsa;

use std::time::{Duration, Instant};

use sealflow_providers::http::Limits;
use sealflow_sandbox::{Config, Fault, Order, Running, Sandbox, Service};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Short, because some calls are never answered.
const LIMITS: Limits = Limits { connect_timeout_ms: 2_000, timeout_ms: 400, answer_bytes_max: 65_536 };

/// A sandbox of its own for one test.
struct World {
    sandbox: Running,
    http: reqwest::Client,
    _folder: TempDir,
}

impl World {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::on_free_ports(folder.path(), "http://127.0.0.1:8080".parse().unwrap());
        change(&mut config);
        let sandbox = Sandbox::start(config).await.unwrap();
        Self { sandbox, http: reqwest::Client::builder().no_proxy().build().unwrap(), _folder: folder }
    }

    /// Orders a fault for the next call.
    async fn fault_once(&self, service: Service, fault: Fault) {
        let order = Order { service, fault, times: Some(1) };
        let url = format!("{}api/faults", self.sandbox.page());
        let response = self.http.put(url).json(&order).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sandbox.page());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Requests and messages of one `OutId`.
    async fn count(&self, out_id: &str) -> (u64, u64) {
        let count = self.get("api/counts").await[out_id].clone();
        (count["requests"].as_u64().unwrap_or(0), count["accepted"].as_u64().unwrap_or(0))
    }
}

/// Asks until there is an answer; the deadline only ends a test that has failed.
async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "nothing happened");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_sandbox_listens_nowhere_but_on_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::on_free_ports(folder.path(), "http://127.0.0.1:8080".parse().unwrap());
    config.sms = "0.0.0.0:0".parse().unwrap();
    assert!(Sandbox::start(config).await.is_err());
}

#[tokio::test]
async fn a_fault_without_sense_is_refused() {
    let world = World::start().await;
    let url = format!("{}api/faults", world.sandbox.page());
    let body = json!({"service": "tsa", "fault": {"kind": "duplicate_receipt"}});
    assert_eq!(world.http.put(&url).json(&body).send().await.unwrap().status(), 422);
    let body = json!({"service": "tsa", "fault": {"kind": "delay", "ms": 1}, "times": 1});
    assert_eq!(world.http.put(&url).json(&body).send().await.unwrap().status(), 200);
    assert_eq!(world.get("api/faults").await, json!([body]));
    assert_eq!(world.http.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(world.get("api/faults").await, json!([]));
}
