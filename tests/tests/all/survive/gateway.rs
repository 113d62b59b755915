//! The SMS gateway misbehaves while a contract is under way: every message still arrives, and once.

use anyhow::Result;
use sealflow_tests::scene::Scene;
use serde_json::json;

use super::verdict;

async fn with_fault(fault: serde_json::Value, times: u32) -> Result<()> {
    let scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), None).await?;
    scene.put_fault(&json!({"service": "sms", "fault": fault, "times": times})).await?;
    let mut running = scene.program.start("")?;
    let finished = scene.journey()?.drive().await?;
    scene.until_quiet().await?;
    running.stop().await?;
    verdict::check(&scene, &finished).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_the_message_and_never_answers() -> Result<()> {
    with_fault(json!({"kind": "timeout_after_accept"}), 4).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_never_answers_and_takes_nothing() -> Result<()> {
    with_fault(json!({"kind": "timeout_before_accept"}), 2).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_fails_with_500() -> Result<()> {
    with_fault(json!({"kind": "status", "code": 500}), 3).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_throttles() -> Result<()> {
    with_fault(json!({"kind": "throttle"}), 3).await
}
