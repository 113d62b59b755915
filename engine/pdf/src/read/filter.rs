//! Why: cross-reference streams and object streams are packed; a small stream may unpack to gigabytes, so every byte is counted.

use std::io::Read;

use super::{
    Error,
    object::{Dictionary, Object},
};

/// Unpacks a stream, at most `bytes_max` bytes. Only what structure streams use: none, or Flate with a PNG predictor.
pub(super) fn unpack(dictionary: &Dictionary, data: &[u8], bytes_max: usize) -> Result<Vec<u8>, Error> {
    match single(dictionary.get("Filter")) {
        None | Some(Object::Null) => {
            if data.len() > bytes_max {
                return too_large(bytes_max);
            }
            Ok(data.to_vec())
        }
        Some(Object::Name(name)) if **name == *b"FlateDecode" => {
            let plain = inflate(data, bytes_max)?;
            match single(dictionary.get("DecodeParms")) {
                Some(Object::Dictionary(parameters)) => unpredict(plain, parameters),
                _ => Ok(plain),
            }
        }
        Some(_) => Err(Error::Damaged { what: "a structure stream has an unknown filter".to_owned() }),
    }
}

fn single(object: Option<&Object>) -> Option<&Object> {
    match object {
        Some(Object::Array(items)) if items.is_empty() => None,
        Some(Object::Array(items)) if items.len() == 1 => items.first(),
        other => other,
    }
}

fn too_large<T>(bytes_max: usize) -> Result<T, Error> {
    Err(Error::TooLarge { what: format!("a stream unpacks to more than {bytes_max} bytes") })
}

fn inflate(data: &[u8], bytes_max: usize) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::ZlibDecoder::new(data)
        .take(limit)
        .read_to_end(&mut plain)
        .map_err(|source| Error::Damaged { what: format!("a stream cannot be unpacked: {source}") })?;
    if plain.len() > bytes_max { too_large(bytes_max) } else { Ok(plain) }
}

fn unpredict(plain: Vec<u8>, parameters: &Dictionary) -> Result<Vec<u8>, Error> {
    let get = |key, default| parameters.get(key).map_or(Some(default), Object::as_usize);
    let damaged = || Error::Damaged { what: "a stream has a broken predictor".to_owned() };
    let (predictor, columns) =
        (get("Predictor", 1).ok_or_else(damaged)?, get("Columns", 1).ok_or_else(damaged)?);
    let (colors, bits) =
        (get("Colors", 1).ok_or_else(damaged)?, get("BitsPerComponent", 8).ok_or_else(damaged)?);
    if predictor < 2 {
        return Ok(plain);
    }
    if predictor < 10 || colors != 1 || bits != 8 || columns == 0 || columns > 4096 {
        return Err(damaged());
    }
    let mut rows = Vec::with_capacity(plain.len());
    let mut above = vec![0_u8; columns];
    for row in plain.chunks(columns + 1) {
        let Some((&kind, row)) = row.split_first() else { break };
        let mut row = row.to_vec();
        row.resize(columns, 0);
        let mut left = 0_u8;
        let mut upper_left = 0_u8;
        for (byte, up) in row.iter_mut().zip(above.iter().copied()) {
            let guess = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => left.midpoint(up),
                4 => paeth(left, up, upper_left),
                _ => return Err(damaged()),
            };
            *byte = byte.wrapping_add(guess);
            left = *byte;
            upper_left = up;
        }
        rows.extend_from_slice(&row);
        above = row;
    }
    Ok(rows)
}

fn paeth(left: u8, up: u8, upper_left: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(upper_left));
    let guess = a + b - c;
    let (da, db, dc) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if da <= db && da <= dc {
        left
    } else if db <= dc {
        up
    } else {
        upper_left
    }
}
