//! The mail server: takes every mail, for whomever, into a mailbox that can be read at the page.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use openssl::ssl::{Ssl, SslAcceptor, SslMethod};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_openssl::SslStream;

use crate::{
    Account, Shared,
    faults::{self, Fault, Service, lock},
    pki::Identity,
};

/// Longest line, in bytes; RFC 5321 allows 1,000.
const LINE_BYTES_MAX: u64 = 4_096;
/// Largest mail, in bytes.
const MAIL_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Sessions at a time.
const SESSIONS_MAX: usize = 64;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// A mail that was just sent completely.
struct Finished {
    from: String,
    to: Vec<String>,
    raw: Vec<u8>,
}

/// One session's ears; shared with the loop that reads the connection.
#[derive(Default)]
struct Ears {
    from: String,
    to: Vec<String>,
    raw: Vec<u8>,
    finished: Option<Finished>,
}

#[derive(Clone)]
struct Listener {
    account: Option<Account>,
    ears: Arc<Mutex<Ears>>,
}

impl Handler for Listener {
    fn data_start(&mut self, _domain: &str, from: &str, _is8bit: bool, to: &[String]) -> Response {
        let mut ears = lock(&self.ears);
        *ears = Ears { from: from.to_owned(), to: to.to_vec(), ..Ears::default() };
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        let mut ears = lock(&self.ears);
        if ears.raw.len() + line.len() > MAIL_BYTES_MAX {
            return Err(io::Error::other("the mail is too large"));
        }
        ears.raw.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mut ears = lock(&self.ears);
        let Ears { from, to, raw, .. } = std::mem::take(&mut *ears);
        ears.finished = Some(Finished { from, to, raw });
        response::OK
    }

    fn auth_plain(&mut self, _authorization_id: &str, username: &str, password: &str) -> Response {
        let is_known = self
            .account
            .as_ref()
            .is_some_and(|account| account.username == username && account.password == password);
        if is_known { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }
}

/// What a mail server needs besides the mailboxes.
pub(crate) struct Server {
    pub(crate) listener: TcpListener,
    pub(crate) identity: Identity,
    pub(crate) account: Option<Account>,
}

/// Serves for ever.
pub(crate) async fn serve(shared: Arc<Shared>, server: Server) -> Result<()> {
    let tls = Arc::new(acceptor(&server.identity)?);
    let sessions = Arc::new(Semaphore::new(SESSIONS_MAX));
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let place = Arc::clone(&sessions).acquire_owned().await?;
        let (stream, peer) = match server.listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(error = %error, "a mail connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let listener = Listener { account: server.account.clone(), ears: Arc::default() };
        let (shared, tls) = (Arc::clone(&shared), Arc::clone(&tls));
        tasks.spawn(async move {
            if let Err(error) = session(&shared, &tls, stream, peer.ip(), listener).await {
                tracing::debug!(error = %error, "a mail session broke");
            }
            drop(place);
        });
    }
}

fn acceptor(identity: &Identity) -> Result<SslAcceptor> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls())?;
    builder.set_private_key(&identity.key)?;
    builder.set_certificate(&identity.certificate)?;
    Ok(builder.build())
}

async fn session(
    shared: &Shared,
    tls: &SslAcceptor,
    stream: TcpStream,
    peer: IpAddr,
    listener: Listener,
) -> Result<()> {
    let ears = Arc::clone(&listener.ears);
    let mut builder = SessionBuilder::new("mail.sandbox.example.cn");
    builder.enable_start_tls();
    if listener.account.is_some() {
        builder.enable_auth(AuthMechanism::Plain);
    }
    let mut session = builder.build(peer, listener);
    let mut stream = BufStream::new(stream);
    stream.write_all(&session.greeting().buffer()?).await?;
    stream.flush().await?;
    if converse(shared, &mut session, &mut stream, &ears).await? == Next::Encrypt {
        let mut encrypted = SslStream::new(Ssl::new(tls.context())?, stream.into_inner())?;
        std::pin::Pin::new(&mut encrypted).accept().await.context("TLS")?;
        session.tls_active();
        converse(shared, &mut session, &mut BufStream::new(encrypted), &ears).await?;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Next {
    End,
    Encrypt,
}

async fn converse<S: AsyncBufRead + AsyncWrite + Unpin>(
    shared: &Shared,
    session: &mut Session<Listener>,
    stream: &mut S,
    ears: &Mutex<Ears>,
) -> Result<Next> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut *stream).take(LINE_BYTES_MAX);
        timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await??;
        if !line.ends_with(b"\n") {
            return Ok(Next::End);
        }
        let reply = session.process(&line);
        let finished = lock(ears).finished.take();
        let bytes = match finished {
            Some(mail) => take(shared, mail).await?,
            None => reply.buffer()?,
        };
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        match reply.action {
            Action::Close => return Ok(Next::End),
            Action::UpgradeTls => return Ok(Next::Encrypt),
            Action::Reply | Action::NoReply => {}
        }
    }
}

/// Keeps a mail, unless a fault was ordered for it; the reply.
async fn take(shared: &Shared, mail: Finished) -> Result<Vec<u8>> {
    let fault = shared.faults.at_call(Service::Smtp);
    match &fault {
        Some(Fault::Status { code }) => {
            return Ok(format!("{code} the sandbox was asked for this\r\n").into_bytes());
        }
        Some(Fault::Throttle) => return Ok(b"450 4.7.1 too many mails\r\n".to_vec()),
        Some(Fault::TimeoutBeforeAccept) => faults::hold(fault.as_ref()).await,
        _ => {}
    }
    shared.mailboxes.accept(mail.from, mail.to, &mail.raw)?;
    tracing::info!("mail taken");
    faults::hold(fault.as_ref()).await;
    Ok(b"250 2.0.0 taken\r\n".to_vec())
}
