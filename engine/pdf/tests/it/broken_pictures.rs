//! Why: some pictures show nothing, some are broken, and some are made to break whoever opens them.

use image::{ImageFormat, Rgb, RgbImage};
use sealflow_pdf::{
    convert::pages_of_pictures,
    picture::{Error, Mark, clean},
    seal::Color,
};

use crate::support::photo::{encoded, photo, signature, wanted};

#[test]
fn pictures_that_show_no_mark_are_refused() {
    let signature = wanted(Mark::Signature, Color::Black, 40.0);
    let blank = photo(600, 400, |_, _| [1.0; 3]);
    assert_eq!(clean(&encoded(&blank, ImageFormat::Png), &signature), Err(Error::Blank));
    let white = RgbImage::from_pixel(300, 300, Rgb([255; 3]));
    assert_eq!(clean(&encoded(&white, ImageFormat::Png), &signature), Err(Error::Blank));
    let dark = RgbImage::from_pixel(300, 300, Rgb([12; 3]));
    assert_eq!(clean(&encoded(&dark, ImageFormat::Png), &signature), Err(Error::NoPaper));
    assert!(clean(&encoded(&white, ImageFormat::Png), &wanted(Mark::Seal, Color::Red, 100.0)).is_err());
    assert_eq!(clean(b"GIF89a", &signature), Err(Error::NotAPicture));
    assert_eq!(clean(b"", &signature), Err(Error::NotAPicture));
    let whole = encoded(&blank, ImageFormat::Png);
    assert!(matches!(clean(&whole[..whole.len() / 2], &signature), Err(Error::Damaged { .. })));
    assert!(matches!(clean(&whole[..20], &signature), Err(Error::Damaged { .. })));
}

#[test]
fn a_jpeg_that_was_cut_off_is_refused() {
    let whole = encoded(&signature(|_, _| 1.0), ImageFormat::Jpeg);
    // A phone's video behind the picture is no damage.
    let with_video = [whole.as_slice(), b" a video"].concat();
    let signature = wanted(Mark::Signature, Color::Black, 40.0);
    assert!(pages_of_pictures(&[&with_video]).is_ok() && clean(&with_video, &signature).is_ok());
    for end in [whole.len() / 2, whole.len() * 9 / 10, whole.len() - 2, whole.len() - 1] {
        let cut = &whole[..end];
        let refused = pages_of_pictures(&[&with_video, cut]);
        assert!(matches!(refused, Err((2, Error::Damaged { .. }))), "cut at {end}: {:?}", refused.err());
        let refused = clean(cut, &signature);
        assert!(matches!(refused, Err(Error::Damaged { .. })), "cut at {end}: {:?}", refused.err());
    }
}

#[test]
fn huge_pictures_are_refused_by_their_head() {
    // The size in a PNG's head, with its checksum.
    let claims = |width: u32, height: u32| {
        let mut file = encoded(&RgbImage::new(1, 1), ImageFormat::Png);
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(&file[12..29]);
        file[29..33].copy_from_slice(&sum.sum().to_be_bytes());
        file
    };
    let signature = wanted(Mark::Signature, Color::Black, 40.0);
    for (width, height) in [(60_000, 60_000), (20_001, 10), (10_000, 5_001), (u32::MAX >> 1, 1)] {
        let refused = clean(&claims(width, height), &signature);
        assert!(matches!(refused, Err(Error::TooLarge { .. })), "{width} × {height}: {refused:?}");
        let refused = pages_of_pictures(&[&claims(width, height)]);
        assert!(matches!(refused, Err((1, Error::TooLarge { .. }))), "{width} × {height}: {refused:?}");
    }
}
