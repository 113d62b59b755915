//! Why: a JPEG goes into a PDF as it is, without loss; but not where and when the photo was taken, which cameras write beside it.

mod bits;
mod whole;

/// What is wrong with a picture, as the rest of a sentence.
type Fault = &'static str;

/// A JPEG that a PDF can hold.
pub(crate) struct Plain {
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// 1 for grey, 3 for colours.
    pub(crate) components: u8,
}

const START_OF_SCAN: u8 = 0xda;
const END: u8 = 0xd9;

/// The picture's segments without what is only about the picture. None for a JPEG that PDF viewers may show otherwise
/// (four colours, more than eight bits, arithmetic coding), or whose segments are broken.
pub(crate) fn plain(bytes: &[u8]) -> Option<Plain> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    let mut kept = b"\xff\xd8".to_vec();
    let mut head = None;
    loop {
        // Any number of FF may stand before a marker.
        let at = rest.iter().position(|byte| *byte != 0xff)?;
        let marker = *rest.get(at).filter(|_| at > 0)?;
        let (length, _) = rest.get(at + 1..)?.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = rest.get(at + 1..at + 1 + length)?;
        match marker {
            // Frames: baseline, extended, progressive.
            0xc0..=0xc2 => head = Some(frame(segment)?),
            // Lossless, hierarchical and arithmetic ones; a restart or an end has no place here.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xd9 => return None,
            _ => {}
        }
        // JFIF (E0) and Adobe (EE) say how the colours are meant; the other application data and comments go.
        if !matches!(marker, 0xe1..=0xed | 0xef | 0xfe) {
            kept.extend_from_slice(&[0xff, marker]);
            kept.extend_from_slice(segment);
        }
        rest = rest.get(at + 1 + length..)?;
        if marker == START_OF_SCAN {
            break;
        }
    }
    let (width, height, components) = head?;
    kept.extend_from_slice(bytes.get(bytes.len() - rest.len()..end(bytes)?)?);
    kept.extend_from_slice(&[0xff, END]);
    Some(Plain { bytes: kept, width, height, components })
}

/// That nothing of the picture was lost on its way. Where data was changed and still makes a picture, nobody can tell.
pub(super) fn check_whole(bytes: &[u8]) -> Result<(), Fault> {
    whole::check(bytes)
}

/// Where the end marker is: phones put further pictures and videos behind it, and a small picture within a segment before it.
/// Within a scan FF is followed by 00 or a restart; between the scans of a progressive picture stand tables.
fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let is_marker = |pair: &[u8]| matches!(pair, [0xff, 1..=0xcf | 0xd8..=0xfe]);
        at += bytes.get(at..)?.windows(2).position(is_marker)?;
        if bytes.get(at + 1) == Some(&END) {
            return Some(at);
        }
        let (length, _) = bytes.get(at + 2..)?.split_first_chunk::<2>()?;
        at += 2 + usize::from(u16::from_be_bytes(*length));
    }
}

fn frame(segment: &[u8]) -> Option<(u16, u16, u8)> {
    let &[_, _, 8, h0, h1, w0, w1, components, ..] = segment else { return None };
    let (width, height) = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
    (width > 0 && height > 0 && matches!(components, 1 | 3)).then_some((width, height, components))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    /// Bytes behind the end marker.
    const VIDEO: usize = b"a video".len();

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], length.as_slice(), body].concat()
    }

    fn file(frame: u8, components: u8) -> Vec<u8> {
        [
            b"\xff\xd8".to_vec(),
            segment(0xe0, b"JFIF\0"),
            segment(0xe1, b"Exif\0\0 39.9N 116.4E, small: \xff\xd8\xff\xd9"),
            segment(0xfe, b"a comment"),
            segment(frame, &[8, 0, 20, 0, 30, components, 1, 2, 3]),
            segment(0xda, &[1, 1, 0, 0, 63, 0]),
            b"scan\xff\x00\xff\xd0scan\xff\xd9a video".to_vec(),
        ]
        .concat()
    }

    #[test]
    fn only_the_picture_is_kept() {
        let found = plain(&file(0xc0, 3)).unwrap();
        assert_eq!((found.width, found.height, found.components), (30, 20, 3));
        let text = String::from_utf8_lossy(&found.bytes);
        assert!(text.contains("JFIF") && text.contains("scan"));
        assert!(!text.contains("116.4E") && !text.contains("comment") && !text.contains("video"));
        assert!(found.bytes.ends_with(b"scan\xff\xd9"));
    }

    #[test]
    fn what_viewers_may_show_otherwise_is_not_kept() {
        assert!(plain(&file(0xc2, 1)).is_some());
        assert!(plain(&file(0xc0, 4)).is_none(), "four colours");
        assert!(plain(&file(0xc9, 3)).is_none(), "arithmetic coding");
        let whole = file(0xc0, 3);
        assert!(plain(&whole[..whole.len() - VIDEO]).is_some());
        for end in 0..whole.len() - VIDEO {
            assert!(plain(&whole[..end]).is_none(), "cut at {end}");
        }
    }
}
