//! Why: decoders go on where a picture's data is broken and fill what is lost with grey. Half a contract must not go into a file
//! without a word, so each block of the picture is read here once more, without drawing it, and every bit must be there.
//!
//! ```text
//! tables, frame ─► scan: blocks … RST0 blocks … RST1 blocks ─► tables, scan … ─► end
//!                        as many as the size says, and nothing between them and the marker
//! ```

mod block;
mod frame;
mod tables;

use self::{frame::Frame, tables::Tables};
use super::{END, Fault, START_OF_SCAN, bits};

/// More scans than any program writes; each goes over the whole picture.
const SCANS_MAX: usize = 100;
/// Reads all of the picture, which begins with its first marker.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    const CUT: Fault = "it ends within a segment";
    let (mut tables, mut frame, mut scans, mut at) = (Tables::default(), None, 0, 2);
    loop {
        // What else stands between segments is nothing of the picture.
        at += bytes.get(at..).unwrap_or_default().iter().take_while(|byte| **byte != 0xff).count();
        let (marker, behind) = marker(bytes, at)?;
        if marker == END {
            return frame.as_ref().ok_or("it has no frame").and_then(Frame::check_complete);
        }
        let (length, _) = bytes.get(behind..).unwrap_or_default().split_first_chunk::<2>().ok_or(CUT)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = bytes.get(behind..behind + length).and_then(|segment| segment.get(2..)).ok_or(CUT)?;
        at = behind + length;
        match marker {
            0xc0..=0xc2 if frame.is_none() => frame = Some(Frame::read(segment, marker == 0xc2)?),
            0xc4 => tables.codes(segment)?,
            0xc0..=0xcf => return Err("it is coded in an unusual way"),
            0xdb => tables.steps(segment)?,
            0xdd => tables.interval = segment.first_chunk::<2>().map_or(0, |i| u16::from_be_bytes(*i).into()),
            START_OF_SCAN => {
                let frame = frame.as_mut().ok_or("a scan comes before the frame")?;
                scans += 1;
                if scans > SCANS_MAX {
                    return Err("it has too many scans");
                }
                let scan = frame.scan(segment)?;
                at = frame.read_scan(&scan, &tables, bytes, at)?;
            }
            _ => {}
        }
    }
}

/// The marker at a place, where any number of FF may stand before it, and what is behind it.
fn marker(bytes: &[u8], at: usize) -> Result<(u8, usize), Fault> {
    let rest = bytes.get(at..).unwrap_or_default();
    let filling = rest.iter().take_while(|byte| **byte == 0xff).count();
    match rest.get(filling) {
        None => Err("the file ends before the picture does"),
        Some(marker) if filling > 0 => Ok((*marker, at + filling + 1)),
        Some(_) => Err("there is no marker where one should be"),
    }
}
