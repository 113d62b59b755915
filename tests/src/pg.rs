//! A private PostgreSQL for the tests of one process, so that nothing needs to be set up before and nothing is left.
//!
//! It runs as the user `postgres` when the tests run as root (it refuses root), in a temporary folder, reachable only
//! through a socket there. It ends with the test process, however that ends: a shell waits for the end of its standard
//! input and then stops the server and removes the folder.
//!
//! A database takes some 8 MB, and a run has hundreds of tests; so each is dropped soon after its test, see [`Database`].

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, anyhow, bail};
use sqlx::{Connection as _, Executor as _, PgConnection};

/// Debian's programs, the newest that is there; else those on the path.
const VERSIONS: &[&str] = &["17", "16", "15", "14"];

/// `$1`: the folder of the programs, or empty. `$2`: whether to write through to the disk: `off`, except where a test
/// crashes the server itself.
const SCRIPT: &str = r#"
set -eu
[ -z "$1" ] || PATH="$1:$PATH"
D=$(mktemp -d "${TMPDIR:-/tmp}/sealflow-pg.XXXXXX")
cd "$D"
stop() { pg_ctl -D "$D/data" -m immediate -w stop >/dev/null 2>&1 || :; cd /; rm -rf "$D"; }
trap stop EXIT
trap '' INT TERM HUP
initdb -D "$D/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 >"$D/log" 2>&1 || { cat "$D/log"; exit 1; }
begin() {
  pg_ctl -D "$D/data" -l "$D/log" -w -o "-k $D -c listen_addresses='' -c max_connections=300 -c fsync=$2 \
-c full_page_writes=$2 -c autovacuum=off" start >"$D/start" 2>&1 || { cat "$D/start" "$D/log"; exit 1; }
  echo "ready $D"
}
begin "$@"
while read -r order; do
  [ "$order" = crash ] || continue
  pg_ctl -D "$D/data" -m immediate -w stop >/dev/null 2>&1 || :
  begin "$@"
done
"#;

static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
static DATABASES: AtomicU64 = AtomicU64::new(0);

/// A running server. It stops when its input is closed, at the latest with this process.
struct Cluster {
    folder: PathBuf,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Databases that nobody needs any more.
    left: Left,
}

/// Names of databases.
type Left = Arc<Mutex<Vec<String>>>;

/// A database for one test, at first empty. It is not dropped at once when this is, but before the next one of its server is made:
/// whoever drops this cannot wait for that.
#[derive(Debug)]
pub struct Database {
    url: String,
    name: String,
    left: Left,
}

impl Database {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        names(&self.left).push(std::mem::take(&mut self.name));
    }
}

fn names(left: &Left) -> std::sync::MutexGuard<'_, Vec<String>> {
    left.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cluster {
    fn start(fsync: &str) -> Result<Self> {
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let programs = VERSIONS
            .iter()
            .map(|version| format!("/usr/lib/postgresql/{version}/bin"))
            .find(|folder| Path::new(folder).join("initdb").exists())
            .unwrap_or_default();
        let mut child = command
            .args(["-c", SCRIPT, "sealflow-pg", &programs, fsync])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .context("starting PostgreSQL")?;
        let input = child.stdin.take().context("its input is piped")?;
        let output = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut cluster = Self { folder: PathBuf::new(), input, output, left: Left::default() };
        cluster.wait_ready()?;
        Ok(cluster)
    }

    fn wait_ready(&mut self) -> Result<()> {
        let mut said = String::new();
        while self.output.read_line(&mut said)? > 0 {
            if let Some(folder) = said.lines().last().and_then(|line| line.strip_prefix("ready ")) {
                self.folder = folder.into();
                return Ok(());
            }
        }
        bail!("PostgreSQL did not start (is the package `postgresql` installed?):\n{said}")
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn cluster() -> Result<&'static Cluster> {
    let started = CLUSTER.get_or_init(|| Cluster::start("off").map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow!("{error}"))
}

/// A new, empty database.
///
/// # Errors
/// When PostgreSQL is not installed or does not start.
pub async fn new_database() -> Result<Database> {
    let cluster = tokio::task::spawn_blocking(cluster).await??;
    new_database_in(cluster).await
}

/// Drops those that are left, too.
async fn new_database_in(cluster: &Cluster) -> Result<Database> {
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await?;
    let left = std::mem::take(&mut *names(&cluster.left));
    for name in left {
        connection.execute(sqlx::AssertSqlSafe(drop_sql(&name))).await?;
    }
    connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await?;
    connection.close().await?;
    Ok(Database { url: cluster.url(&name), name, left: Arc::clone(&cluster.left) })
}

/// Whoever is still connected is cut off.
fn drop_sql(name: &str) -> String {
    format!("drop database if exists {name} with (force)")
}

/// A server of one test's own, which it may crash. It writes through to the disk.
pub struct OwnServer {
    cluster: Cluster,
}

impl OwnServer {
    /// Starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn start() -> Result<Self> {
        Ok(Self { cluster: tokio::task::spawn_blocking(|| Cluster::start("on")).await?? })
    }

    /// A new, empty database.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn new_database(&self) -> Result<Database> {
        new_database_in(&self.cluster).await
    }

    /// Stops it as a power cut would (`pg_ctl stop -m immediate`), and starts it again.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn crash(&mut self) -> Result<()> {
        self.cluster.input.write_all(b"crash\n")?;
        self.cluster.wait_ready()
    }
}

/// The folder of the common server's socket.
///
/// # Errors
/// When PostgreSQL is not installed or does not start.
pub async fn socket_folder() -> Result<PathBuf> {
    Ok(tokio::task::spawn_blocking(cluster).await??.folder.clone())
}

/// Throws a database away now, with everybody who is connected to it.
///
/// # Errors
/// When it is none of [`new_database`]'s.
pub async fn drop_database(url: &str) -> Result<()> {
    let cluster = tokio::task::spawn_blocking(cluster).await??;
    let name = url.split(['/', '?']).find(|part| part.starts_with('t') && part.len() > 1);
    let name = name
        .filter(|name| name[1..].bytes().all(|byte| byte.is_ascii_digit()))
        .context("not a test's database")?;
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await?;
    connection.execute(sqlx::AssertSqlSafe(drop_sql(name))).await?;
    Ok(connection.close().await?)
}
