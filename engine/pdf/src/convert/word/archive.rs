//! Why: a .docx is a ZIP archive. Its list is read before LibreOffice sees it: what is no Word file, has macros, or would unpack to
//! gigabytes is refused at once.

/// Most bytes that the archive says it unpacks to.
const UNPACKED_MAX: u64 = 300 * 1024 * 1024;
/// Most files in it.
const ENTRIES_MAX: usize = 5_000;
/// Length of the end record without its comment, and of the longest comment.
const END: usize = 22;
const COMMENT_MAX: usize = 65_535;
/// Length of an entry of the list without its name.
const ENTRY: usize = 46;
/// Where a Word document's parts are looked for when there is no list of them, in bytes from the start.
const SEARCHED: usize = 256 * 1024;
const ENCRYPTED: u16 = 1;

/// A file that looks like a .docx: a ZIP archive that holds a Word document.
#[must_use]
pub fn is_word(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && names(bytes).is_ok_and(|found| found.has_document)
}

/// A Word file that was cut off or is damaged otherwise, or encrypted by its archive: it begins as a ZIP archive with a Word
/// document's parts, but its list cannot be read.
#[must_use]
pub fn is_broken_word(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(SEARCHED)).unwrap_or_default();
    bytes.starts_with(b"PK\x03\x04")
        && start.windows(5).any(|window| window == b"word/")
        && names(bytes).is_err()
}

/// The kind of file that Office programs wrote before .docx, and that holds a .docx with a password.
#[must_use]
pub fn is_compound(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// Refuses what is not to be converted.
pub(super) fn check(bytes: &[u8]) -> Result<(), &'static str> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err("it is no .docx file");
    }
    let found = names(bytes)?;
    if !found.has_document {
        return Err("it holds no Word document");
    }
    if found.has_macros {
        return Err("it has macros");
    }
    if found.unpacked > UNPACKED_MAX {
        return Err("it unpacks to too much");
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    has_document: bool,
    has_macros: bool,
    unpacked: u64,
}

fn names(bytes: &[u8]) -> Result<Found, &'static str> {
    const DAMAGED: &str = "its archive is damaged";
    let short = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
    let long = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let from = bytes.len().saturating_sub(END + COMMENT_MAX);
    let tail = bytes.get(from..).unwrap_or_default();
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06").ok_or(DAMAGED)? + from;
    if bytes.len() < end + END {
        return Err(DAMAGED);
    }
    let count = usize::from(short(end + 10).ok_or(DAMAGED)?);
    if count > ENTRIES_MAX {
        return Err("it holds too many files");
    }
    let mut at = long(end + 16).and_then(|at| usize::try_from(at).ok()).ok_or(DAMAGED)?;
    let mut found = Found::default();
    for _ in 0..count {
        if bytes.get(at..at.saturating_add(4)) != Some(b"PK\x01\x02") {
            return Err(DAMAGED);
        }
        if short(at + 8).ok_or(DAMAGED)? & ENCRYPTED != 0 {
            return Err("it is encrypted");
        }
        found.unpacked += u64::from(long(at + 24).ok_or(DAMAGED)?);
        let lengths = [short(at + 28), short(at + 30), short(at + 32)];
        let [Some(name), Some(extra), Some(comment)] = lengths.map(|length| length.map(usize::from)) else {
            return Err(DAMAGED);
        };
        let name_bytes = bytes.get(at + ENTRY..at + ENTRY + name).ok_or(DAMAGED)?;
        found.has_document |= name_bytes == b"word/document.xml";
        found.has_macros |= name_bytes.to_ascii_lowercase().ends_with(b"vbaproject.bin");
        at += ENTRY + name + extra + comment;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive's list without the files.
    fn archive(entries: &[(&str, u32, u16)]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        let start = bytes.len();
        for (name, size, flags) in entries {
            let mut entry = [0_u8; ENTRY];
            entry[..4].copy_from_slice(b"PK\x01\x02");
            entry[8..10].copy_from_slice(&flags.to_le_bytes());
            entry[24..28].copy_from_slice(&size.to_le_bytes());
            entry[28] = u8::try_from(name.len()).unwrap_or(0);
            bytes.extend_from_slice(&entry);
            bytes.extend_from_slice(name.as_bytes());
        }
        let mut end = [0_u8; END];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[10..12].copy_from_slice(&u16::try_from(entries.len()).unwrap_or(0).to_le_bytes());
        end[16..20].copy_from_slice(&u32::try_from(start).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&end);
        bytes
    }

    #[test]
    fn only_plain_word_files_are_converted() {
        const DOCUMENT: (&str, u32, u16) = ("word/document.xml", 1_000, 0);
        assert!(is_word(&archive(&[DOCUMENT])));
        assert_eq!(check(&archive(&[DOCUMENT])), Ok(()));
        assert!(!is_word(&archive(&[("xl/workbook.xml", 1_000, 0)])));
        for (entries, why) in [
            (vec![("xl/workbook.xml", 1_000, 0)], "it holds no Word document"),
            (vec![DOCUMENT, ("word/vbaProject.bin", 10, 0)], "it has macros"),
            (vec![DOCUMENT, ("word/media/a.png", u32::MAX, 0)], "it unpacks to too much"),
            (vec![("word/document.xml", 10, 1)], "it is encrypted"),
            (vec![DOCUMENT; ENTRIES_MAX + 1], "it holds too many files"),
        ] {
            assert_eq!(check(&archive(&entries)), Err(why));
        }
        assert_eq!(check(b"%PDF-1.7"), Err("it is no .docx file"));
        let whole = archive(&[DOCUMENT]);
        for end in 4..whole.len() - 1 {
            assert!(check(&whole[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_word_file_that_was_cut_off_is_told_from_other_archives() {
        let word = archive(&[("word/document.xml", 1_000, 0)]);
        assert!(!is_broken_word(&word));
        assert!(is_broken_word(&word[..word.len() - END]));
        let table = archive(&[("xl/workbook.xml", 1_000, 0)]);
        assert!(!is_broken_word(&table) && !is_broken_word(&table[..table.len() - END]));
        assert!(!is_broken_word(b"%PDF-1.7 word/"));
        assert!(is_compound(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...") && !is_compound(&word));
    }
}
