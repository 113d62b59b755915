//! A vendor as banks are: it debits for every request that it accepts, even for one with a key that it knows. Who wants
//! to pay once must ask by the key first. It writes down everything, and misbehaves when it is told to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// The largest request that is read.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// What the bank does with a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It debits and never answers.
    DebitAndHang,
    /// It debits, and the connection breaks.
    DebitAndBreak,
    /// It refuses for good.
    Refuse,
    /// It never answers, and nothing is debited.
    Hang,
    /// It fails before it debits.
    Fail,
}

/// Every fault.
pub const FAULTS: &[Fault] =
    &[Fault::DebitAndHang, Fault::DebitAndBreak, Fault::Refuse, Fault::Hang, Fault::Fail];

#[derive(Debug, Default)]
struct Books {
    debits: BTreeMap<String, Vec<i64>>,
    refused: BTreeMap<String, u64>,
    payments: u64,
    queries: u64,
    faults: HashMap<u64, Fault>,
    faulted: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Shared {
    books: Mutex<Books>,
    open: AtomicUsize,
    held: AtomicUsize,
    release: CancellationToken,
}

/// A running bank; it ends when it is dropped.
#[derive(Debug)]
pub struct Bank {
    address: String,
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

impl Bank {
    /// Opens it on a free loopback port; the nth payment (from 0) meets the nth fault.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn open(faults: HashMap<u64, Fault>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let shared = Arc::new(Shared::default());
        lock(&shared).faults = faults;
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { address, shared, _serving: AbortOnDropHandle::new(serving) })
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Every amount that was debited, by key.
    #[must_use]
    pub fn debits(&self) -> BTreeMap<String, Vec<i64>> {
        lock(&self.shared).debits.clone()
    }

    /// How many payments and how many queries it was asked for.
    #[must_use]
    pub fn asked(&self) -> (u64, u64) {
        let books = lock(&self.shared);
        (books.payments, books.queries)
    }

    /// How often it misbehaved, by fault.
    #[must_use]
    pub fn faulted(&self) -> BTreeMap<String, u64> {
        lock(&self.shared).faulted.clone()
    }

    /// How many requests wait for [`Bank::release`].
    #[must_use]
    pub fn held(&self) -> usize {
        self.shared.held.load(Ordering::SeqCst)
    }

    /// Answers those that were left hanging on `/hold`.
    pub fn release(&self) {
        self.shared.release.cancel();
    }

    /// Waits until every request that a dead process had sent has been read: what it asked for has then happened or
    /// never will. Connections are taken in order, so those that were made before this one are seen.
    ///
    /// # Errors
    /// When one stays open.
    pub async fn until_drained(&self) -> Result<()> {
        drop(TcpStream::connect(&self.address).await?);
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut quiet = 0;
        while quiet < 3 {
            if Instant::now() > deadline {
                bail!("{} requests to the bank do not end", self.shared.open.load(Ordering::SeqCst));
            }
            quiet = if self.shared.open.load(Ordering::SeqCst) == 0 { quiet + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Books> {
    shared.books.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.open.fetch_add(1, Ordering::SeqCst);
        let shared = shared.clone();
        tokio::spawn(async move {
            // A caller that dies breaks the exchange; the books tell what had happened by then.
            let _ = exchange(stream, &shared).await;
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn exchange(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    let (path, body) = read(&mut stream).await?;
    let key = body["key"].as_str().unwrap_or_default().to_owned();
    let answer = match path.as_str() {
        "/pay" => {
            let fault = pay(shared, &key, body["fen"].as_i64().unwrap_or_default());
            match fault {
                None => Some(json!({"state": "paid"})),
                Some(Fault::Refuse) => Some(json!({"state": "refused"})),
                Some(Fault::DebitAndBreak) => return Ok(()),
                Some(Fault::Fail) => None,
                Some(Fault::DebitAndHang | Fault::Hang) => return gone(&mut stream).await,
            }
        }
        "/query" => Some(json!({"state": query(shared, &key)})),
        "/hold" => {
            shared.held.fetch_add(1, Ordering::SeqCst);
            tokio::select! {
                () = shared.release.cancelled() => {}
                ended = gone(&mut stream) => {
                    shared.held.fetch_sub(1, Ordering::SeqCst);
                    return ended;
                }
            }
            shared.held.fetch_sub(1, Ordering::SeqCst);
            Some(json!({"state": "released"}))
        }
        other => bail!("the bank has no {other}"),
    };
    let (status, body) = match answer {
        Some(body) => ("200 OK", body.to_string()),
        None => ("500 Internal Server Error", String::new()),
    };
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

/// Books a payment, unless the fault says that it does not happen.
fn pay(shared: &Shared, key: &str, fen: i64) -> Option<Fault> {
    let mut books = lock(shared);
    let number = books.payments;
    books.payments += 1;
    let mut fault = books.faults.get(&number).copied();
    if books.refused.contains_key(key) {
        fault = Some(Fault::Refuse);
    }
    match fault {
        None | Some(Fault::DebitAndHang | Fault::DebitAndBreak) => {
            books.debits.entry(key.to_owned()).or_default().push(fen);
        }
        Some(Fault::Refuse) => *books.refused.entry(key.to_owned()).or_default() += 1,
        Some(Fault::Hang | Fault::Fail) => {}
    }
    if let Some(fault) = fault {
        *books.faulted.entry(format!("{fault:?}")).or_default() += 1;
    }
    fault
}

fn query(shared: &Shared, key: &str) -> &'static str {
    let mut books = lock(shared);
    books.queries += 1;
    if books.debits.contains_key(key) {
        "paid"
    } else if books.refused.contains_key(key) {
        "refused"
    } else {
        "not_found"
    }
}

/// Waits until the caller gives up.
async fn gone(stream: &mut TcpStream) -> Result<()> {
    let mut rest = [0; 16];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn read(stream: &mut TcpStream) -> Result<(String, Value)> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await?;
        bytes.extend_from_slice(part.get(..count).unwrap_or_default());
        if count == 0 || bytes.len() > REQUEST_BYTES_MAX {
            bail!("the request broke off");
        }
        let text = std::str::from_utf8(&bytes)?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() < length.context("a request has a length")?.parse()? {
            continue;
        }
        let path = head.split(' ').nth(1).context("a request has a path")?;
        return Ok((path.to_owned(), serde_json::from_str(body)?));
    }
}
