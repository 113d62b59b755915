//! Why: a photo that lost a part on its way looks whole to most decoders, which fill the rest with grey. Each kind of picture that
//! cameras and scanners write is taken here, and refused when something of it is missing.

use sealflow_pdf::{
    convert::pages_of_pictures,
    picture::{Error, Mark, Wanted, clean},
    seal::Color,
};

/// A ring and print on paper, 88 by 60 pixels, with grain, as a library by others writes them.
const KINDS: [(&str, &[u8]); 9] = [
    ("4:4:4", include_bytes!("jpegs/444.jpg")),
    ("4:2:2", include_bytes!("jpegs/422.jpg")),
    ("4:2:0, own tables", include_bytes!("jpegs/420.jpg")),
    ("gray", include_bytes!("jpegs/gray.jpg")),
    ("restarts", include_bytes!("jpegs/restarts.jpg")),
    ("progressive", include_bytes!("jpegs/progressive.jpg")),
    ("progressive, restarts", include_bytes!("jpegs/progressive_restarts.jpg")),
    ("progressive, gray", include_bytes!("jpegs/progressive_gray.jpg")),
    ("CMYK", include_bytes!("jpegs/cmyk.jpg")),
];
const END: &[u8] = b"\xff\xd9";

fn is_taken(file: &[u8]) -> bool {
    match pages_of_pictures(&[file]) {
        Ok(_) => true,
        Err((1, Error::Damaged { .. })) => false,
        Err(other) => panic!("{other:?}"),
    }
}

/// Where the data of its first scan begins.
fn data(file: &[u8]) -> usize {
    let scan = file.windows(2).position(|pair| pair == b"\xff\xda").unwrap();
    scan + 2 + usize::from(u16::from_be_bytes([file[scan + 2], file[scan + 3]]))
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), body].concat()
}

#[test]
fn every_kind_is_taken_with_what_cameras_write_around_it() {
    for (name, file) in KINDS {
        assert!(is_taken(file), "{name}");
        let exif =
            segment(0xe1, b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
        let more =
            [segment(0xe2, &[7; 3_000]), exif, segment(0xe2, b"x"), segment(0xfe, b"a comment")].concat();
        let around =
            [&file[..2], &more, b"\xff\xff", &file[2..], b"\xff\xd8 a second picture \xff\xd9"].concat();
        assert!(is_taken(&around), "{name}");
        // FF before a marker fills up, and bytes between segments are nothing.
        let end = file.len() - END.len();
        assert!(is_taken(&[&file[..end], b"\xff\xff\xff", END].concat()), "{name}");
        let mark = clean(file, &Wanted { mark: Mark::Seal, color: Color::Red, width_mm: 40.0 });
        assert!(!matches!(mark, Err(Error::Damaged { .. } | Error::NotAPicture)), "{name}: {mark:?}");
    }
    // The same four colours, said to be YCCK.
    let mut file = KINDS[8].1.to_vec();
    let adobe = file.windows(5).position(|window| window == b"Adobe").unwrap();
    file[adobe + 11] = 2;
    assert!(is_taken(&file));
}

#[test]
fn what_is_cut_anywhere_is_refused_though_its_end_is_there() {
    for (name, file) in KINDS {
        let (begin, end) = (data(file), file.len() - END.len());
        for at in begin..end {
            assert!(!is_taken(&[&file[..at], END].concat()), "{name}, cut at {at} of {end}");
        }
        assert!(is_taken(&[&file[..end], END].concat()), "{name}");
        for at in 3..begin {
            assert!(!is_taken(&file[..at]), "{name}, ends at {at}");
        }
    }
}

#[test]
fn a_lost_restart_is_refused() {
    let file = KINDS[4].1;
    let restarts: Vec<usize> = (data(file)..file.len() - 1)
        .filter(|at| file[*at] == 0xff && (0xd0..0xd8).contains(&file[at + 1]))
        .collect();
    assert!(restarts.len() > 5, "{}", restarts.len());
    for (place, at) in restarts.iter().enumerate() {
        assert!(!is_taken(&[&file[..*at], &file[at + 2..]].concat()), "the mark at {at} lost");
        let mut other = file.to_vec();
        other[at + 1] ^= 1;
        assert!(!is_taken(&other), "the mark at {at} is another one");
        // All from one mark to the next, or but one.
        for skip in [1, 2] {
            if let Some(next) = restarts.get(place + skip) {
                assert!(!is_taken(&[&file[..*at], &file[*next..]].concat()), "lost from {at} to {next}");
            }
        }
    }
}

#[test]
fn a_lost_scan_is_refused() {
    for (name, file) in KINDS.iter().filter(|(name, _)| name.starts_with("progressive")) {
        let scans: Vec<usize> =
            (0..file.len() - 1).filter(|at| file[*at..].starts_with(b"\xff\xda")).collect();
        assert!(scans.len() > 3, "{name}");
        let ends = scans.iter().skip(1).copied().chain([file.len() - END.len()]);
        for (begin, end) in scans.iter().zip(ends) {
            assert!(!is_taken(&[&file[..*begin], &file[end..]].concat()), "{name}, scan at {begin}");
        }
    }
}

/// A code is found again soon after a gap, so that a few lost bytes may leave as many blocks as there were. Of a longer piece
/// the blocks are missing.
#[test]
fn a_lost_piece_is_refused() {
    for (name, file) in KINDS {
        let (begin, end) = (data(file), file.len() - END.len());
        for length in [150, 200, 300, 500] {
            for at in (begin..end - length).step_by(2) {
                assert!(
                    !is_taken(&[&file[..at], &file[at + length..]].concat()),
                    "{name}, {length} bytes at {at}"
                );
            }
        }
    }
}

#[test]
fn many_changed_bytes_are_refused() {
    for (name, file) in KINDS {
        let (begin, end) = (data(file), file.len() - END.len());
        let changed = |at: &usize| {
            let mut changed = file.to_vec();
            changed[*at] ^= 0x55;
            changed
        };
        let refused = (begin..end).step_by(5).filter(|at| !is_taken(&changed(at))).count();
        // The rest makes another picture of as many blocks.
        assert!(refused * 3 > (end - begin) / 5, "{name}: {refused} of {}", (end - begin) / 5);
    }
}
