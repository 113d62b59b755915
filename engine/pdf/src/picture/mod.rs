//! Why: people send photos of their seals and signatures. A picture is opened within limits, and only in the child process;
//! what comes out is made anew, so that nothing of the file that was sent goes anywhere.

mod beside;
mod clean;
mod ink;
pub(crate) mod jpeg;
mod paper;
#[cfg(test)]
mod photos;
mod solid;

use std::io::Cursor;

pub use clean::{Cleaned, Mark, Wanted, clean};
use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, error::ImageError,
    metadata::Orientation,
};
use serde::{Deserialize, Serialize};

use crate::limits::{PICTURE_BYTES_MAX, PICTURE_PIXELS_MAX, PICTURE_SIDE_MAX, PICTURE_UNPACKED_BYTES_MAX};

/// Why a picture cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// It is neither JPEG nor PNG.
    #[error("the file is no JPEG and no PNG picture")]
    NotAPicture,
    /// It is over a limit.
    #[error("the picture is too large: {what}")]
    TooLarge {
        /// Which limit.
        what: String,
    },
    /// It cannot be decoded.
    #[error("the picture is damaged: {why}")]
    Damaged {
        /// What is wrong with it, for the log and for support.
        why: String,
    },
    /// There is nothing on the paper.
    #[error("the picture shows no seal and no signature")]
    Blank,
    /// There is no paper around what is drawn.
    #[error("the picture shows no paper around a seal or signature")]
    NoPaper,
}

/// The formats that are opened.
#[must_use]
pub fn is_picture(bytes: &[u8]) -> bool {
    format(bytes).is_some()
}

fn format(bytes: &[u8]) -> Option<ImageFormat> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(ImageFormat::Png)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some(ImageFormat::Jpeg)
    } else {
        None
    }
}

/// A picture with how it is to be turned.
pub(crate) struct Decoded {
    pub(crate) image: DynamicImage,
    /// As the camera was held (EXIF).
    pub(crate) orientation: Orientation,
    pub(crate) is_jpeg: bool,
}

impl Decoded {
    /// The picture as people see it.
    pub(crate) fn upright(self) -> DynamicImage {
        let mut image = self.image;
        image.apply_orientation(self.orientation);
        image
    }
}

/// Opens a picture. Its size is looked at before any memory is taken for it.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let format = format(bytes).ok_or(Error::NotAPicture)?;
    let too_large = |what: String| Err(Error::TooLarge { what });
    if bytes.len() > PICTURE_BYTES_MAX {
        return too_large(format!("more than {PICTURE_BYTES_MAX} bytes"));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE_MAX);
    limits.max_image_height = Some(PICTURE_SIDE_MAX);
    limits.max_alloc = Some(2 * PICTURE_UNPACKED_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PICTURE_PIXELS_MAX {
        return too_large(format!("{width} × {height} pixels, more than {PICTURE_PIXELS_MAX}"));
    }
    if decoder.total_bytes() > PICTURE_UNPACKED_BYTES_MAX {
        return too_large(format!("{} bytes in memory", decoder.total_bytes()));
    }
    if format == ImageFormat::Jpeg {
        jpeg::check_whole(bytes).map_err(|why| Error::Damaged { why: why.to_owned() })?;
    }
    // A broken EXIF block turns nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    Ok(Decoded { image, orientation, is_jpeg: format == ImageFormat::Jpeg })
}

fn failed(error: ImageError) -> Error {
    match error {
        ImageError::Limits(limit) => Error::TooLarge { what: limit.to_string() },
        other => Error::Damaged { why: other.to_string().chars().take(200).collect() },
    }
}
