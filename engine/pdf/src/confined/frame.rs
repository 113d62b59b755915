//! Why: parent and child speak over pipes, message after message: two lengths, that many bytes of JSON, and that many plain
//! bytes, which are a file or a part of one.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Four bytes for the JSON's length, eight for the plain bytes'.
const LENGTHS_BYTES: usize = 12;
/// What is set aside before anything has come: a length alone must not take memory.
const RESERVE_BYTES_MAX: usize = 1024 * 1024;

/// Lengths and JSON; the plain bytes follow.
pub(super) fn head(message: &impl Serialize, plain_bytes: usize) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(message)?;
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    let plain = u64::try_from(plain_bytes).unwrap_or(u64::MAX);
    Ok([length.to_le_bytes().as_slice(), &plain.to_le_bytes(), &json].concat())
}

fn lengths(bytes: [u8; LENGTHS_BYTES]) -> (usize, usize) {
    let (json, plain) = bytes.split_at(4);
    let number =
        |bytes: &[u8]| bytes.iter().rev().fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
    (number(json), number(plain))
}

/// The next message of a parent; none when it has hung up.
pub(super) fn read<M: DeserializeOwned>(
    input: &mut impl Read,
    json_bytes_max: usize,
    plain_bytes_max: usize,
) -> io::Result<Option<(M, Vec<u8>)>> {
    let mut start = [0; LENGTHS_BYTES];
    if input.read(&mut start[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut start[1..])?;
    let (json_bytes, plain_bytes) = lengths(start);
    if json_bytes > json_bytes_max || plain_bytes > plain_bytes_max {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut json = vec![0; json_bytes];
    input.read_exact(&mut json)?;
    let mut plain = vec![0; plain_bytes];
    input.read_exact(&mut plain)?;
    Ok(Some((serde_json::from_slice(&json)?, plain)))
}

/// Writes a message with its plain bytes.
pub(super) fn write(output: &mut impl Write, message: &impl Serialize, plain: &[u8]) -> io::Result<()> {
    output.write_all(&head(message, plain.len())?)?;
    output.write_all(plain)?;
    output.flush()
}

/// What a child said.
pub(super) enum Received<M> {
    Message(M, Vec<u8>),
    /// It wants to say more than it may.
    TooLong,
    /// It is no message.
    Nonsense,
    /// It has hung up.
    Nothing,
}

/// The next message of a child, of at most so many bytes.
pub(super) async fn receive<M: DeserializeOwned>(
    mut input: impl AsyncRead + Unpin,
    bytes_max: usize,
) -> io::Result<Received<M>> {
    let mut start = [0; LENGTHS_BYTES];
    match input.read_exact(&mut start).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Received::Nothing),
        Err(error) => return Err(error),
    }
    let (json_bytes, plain_bytes) = lengths(start);
    if json_bytes.saturating_add(plain_bytes) > bytes_max {
        return Ok(Received::TooLong);
    }
    let (Some(json), Some(plain)) =
        (exactly(&mut input, json_bytes).await?, exactly(&mut input, plain_bytes).await?)
    else {
        return Ok(Received::Nothing);
    };
    Ok(match serde_json::from_slice(&json) {
        Ok(message) => Received::Message(message, plain),
        Err(_) => Received::Nonsense,
    })
}

async fn exactly(input: &mut (impl AsyncRead + Unpin), count: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(count.min(RESERVE_BYTES_MAX));
    input.take(u64::try_from(count).unwrap_or(u64::MAX)).read_to_end(&mut bytes).await?;
    Ok((bytes.len() == count).then_some(bytes))
}
