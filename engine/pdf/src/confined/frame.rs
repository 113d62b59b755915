//! Why: parent and child speak over pipes: four bytes of length, that many bytes of JSON, and then plain bytes to the end.

use serde::{Serialize, de::DeserializeOwned};

/// Length and JSON.
pub(super) fn head(message: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(message)?;
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    Ok([&length.to_le_bytes(), json.as_slice()].concat())
}

/// The message and the bytes after it.
pub(super) fn split<M: DeserializeOwned>(mut bytes: Vec<u8>) -> Option<(M, Vec<u8>)> {
    let (length, _) = bytes.split_first_chunk::<4>()?;
    let end = usize::try_from(u32::from_le_bytes(*length)).ok()?.checked_add(4)?;
    let message = serde_json::from_slice(bytes.get(4..end)?).ok()?;
    bytes.drain(..end);
    Some((message, bytes))
}
