//! What the `dbos` crate does with the same work; prints one line of JSON.
//!
//!     workflows URL CLIENTS SECONDS   each client runs a workflow of five no-op steps to its end, then the next
//!     event URL COUNT                 from sending a message until the step that waits for it runs

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dbos::{Config, DBOS, recv, step};
use tokio::sync::mpsc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["workflows", url, clients, seconds] => {
            workflows(url, clients.parse()?, Duration::from_secs(seconds.parse()?)).await
        }
        // In a task of its own, as a server answers requests.
        ["event", url, count] => tokio::spawn(event((*url).to_owned(), count.parse()?)).await?,
        _ => Err("workflows URL CLIENTS SECONDS, or event URL COUNT".into()),
    }
}

/// As it comes, but for a connection for every client up to 32.
fn config(url: &str, clients: u32) -> Config {
    Config { app_version: Some("1".to_owned()), max_connections: clients.clamp(10, 32), ..Config::new("bench", url) }
}

async fn five(n: u64) -> dbos::Result<u64> {
    let mut n = n;
    for name in ["one", "two", "three", "four", "five"] {
        n = step(name, || async move { Ok::<_, dbos::Error>(n + 1) }).await?;
    }
    Ok(n)
}

async fn workflows(url: &str, clients: u32, time: Duration) -> Result<(), Failure> {
    let dbos = DBOS::new(config(url, clients));
    let five = dbos.register_workflow("five", five)?;
    dbos.launch().await?;
    five.run(0).await?;
    let count = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::<dbos::Result<()>>::new();
    for _ in 0..clients {
        let (five, count) = (five.clone(), count.clone());
        running.spawn(async move {
            while begun.elapsed() < time {
                five.run(0).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let (count, seconds) = (count.load(Ordering::Relaxed), begun.elapsed().as_secs_f64());
    println!("{{\"jobs\":{count},\"seconds\":{seconds}}}");
    dbos.shutdown().await;
    Ok(())
}

async fn event(url: String, count: usize) -> Result<(), Failure> {
    let dbos = DBOS::new(config(&url, 10));
    let (began, mut begins) = mpsc::unbounded_channel();
    let waiter = dbos.register_workflow("waiter", move |count: u64| {
        let began = began.clone();
        async move {
            for _ in 0..count {
                let message: dbos::Result<Option<u64>> = recv(None, Duration::from_secs(60)).await;
                message?;
                let next: dbos::Result<()> = step("next", || {
                    let began = began.clone();
                    async move {
                        let _ = began.send(Instant::now());
                        Ok(())
                    }
                })
                .await;
                next?;
            }
            Ok::<(), dbos::Error>(())
        }
    })?;
    dbos.launch().await?;
    let handle = waiter.start(count as u64).await?;
    // It waits for the first message by then.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut times = Vec::with_capacity(count);
    for n in 0..count {
        let sent = Instant::now();
        dbos.send(handle.workflow_id(), &(n as u64)).await?;
        let begun = begins.recv().await.ok_or("the workflow has ended")?;
        times.push(begun.saturating_duration_since(sent).as_secs_f64() * 1000.0);
        // Until the step is written and the next message is waited for.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share).ceil() as usize).saturating_sub(1)];
    println!("{{\"p50_ms\":{},\"p99_ms\":{}}}", at(0.5), at(0.99));
    dbos.shutdown().await;
    Ok(())
}
