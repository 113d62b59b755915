//! A way to PostgreSQL that can be cut: what the client sent arrives, and the answer never comes back.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UnixStream, tcp},
};
use tokio_util::task::AbortOnDropHandle;

/// Between a client and a server's socket; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    commits: Arc<Commits>,
    _serving: AbortOnDropHandle<()>,
}

/// Counts down the commits; the last one's answer is lost.
#[derive(Debug, Default)]
struct Commits {
    left: AtomicU64,
    cut: AtomicU64,
}

impl Proxy {
    /// Opens it before the server whose socket is in this folder.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn open(socket_folder: &std::path::Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let socket = socket_folder.join(".s.PGSQL.5432");
        let commits = Arc::new(Commits::default());
        let shared = commits.clone();
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, commits) = (socket.clone(), shared.clone());
                tokio::spawn(async move {
                    if let Ok(server) = UnixStream::connect(&socket).await {
                        carry(client, server, &commits).await;
                    }
                });
            }
        });
        Ok(Self { port, commits, _serving: AbortOnDropHandle::new(serving) })
    }

    /// The database's address through it.
    ///
    /// # Errors
    /// When the address names no database.
    pub fn url(&self, direct: &str) -> Result<String> {
        let path = direct.split('?').next().unwrap_or_default();
        let database = path.rsplit('/').next().context("an address names a database")?;
        Ok(format!("postgres://postgres@127.0.0.1:{}/{database}", self.port))
    }

    /// The answer to the nth commit from now (from 1) is lost, and its connection with it.
    pub fn lose_answer_to_commit(&self, nth: u64) {
        self.commits.left.store(nth, Ordering::SeqCst);
    }

    /// How many connections were cut.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.commits.cut.load(Ordering::SeqCst)
    }
}

impl Commits {
    /// Whether the answer to what the client sends now is to be lost.
    fn is_last(&self, sent: &[u8]) -> bool {
        // A whole statement: a setting's name has the word in it, too.
        if !sent.windows(7).any(|end| end.eq_ignore_ascii_case(b"commit\0")) {
            return false;
        }
        let counted = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        counted == Ok(1)
    }
}

async fn carry(client: tokio::net::TcpStream, server: UnixStream, commits: &Commits) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = async { tokio::io::copy(&mut from_server, &mut to_client).await.map(|_| ()) };
    let mut forth = std::pin::pin!(pass_on(&mut from_client, &mut to_server, commits));
    let mut back = std::pin::pin!(back);
    let cut = tokio::select! {
        _ = &mut back => false,
        cut = &mut forth => cut,
    };
    if cut {
        commits.cut.fetch_add(1, Ordering::SeqCst);
    }
}

/// Passes on what the client sends; true when the answer to it must not come back. The server still reads it: what was
/// written to its socket is read before the end of it.
async fn pass_on(
    client: &mut tcp::OwnedReadHalf,
    server: &mut tokio::net::unix::OwnedWriteHalf,
    commits: &Commits,
) -> bool {
    let mut part = vec![0; 64 * 1024];
    loop {
        let Ok(count) = client.read(&mut part).await else { return false };
        let sent = part.get(..count).unwrap_or_default();
        if count == 0 {
            return false;
        }
        let last = commits.is_last(sent);
        if server.write_all(sent).await.is_err() {
            return false;
        }
        if last {
            return true;
        }
    }
}
