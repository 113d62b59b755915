//! Why: photos and scans become pages as an office would copy them: A4, upright or across as the picture is, none enlarged beyond
//! what it holds.

use flate2::{Compression, write::ZlibEncoder};
use image::{DynamicImage, imageops::FilterType, metadata::Orientation};
use std::io::Write as _;

use crate::{
    limits::{FILE_BYTES_MAX, PICTURES_MAX},
    picture::{Decoded, Error, decode, jpeg},
    read::object::{Dictionary, Object, Reference, number_text},
    write::write_object,
};

/// A4 in points.
const A4: (f64, f64) = (595.276, 841.89);
/// A picture whose sides are as A4's, within this part, fills the page: it is a scan of one.
const SCAN_TOLERANCE: f64 = 0.03;
/// Around any other picture, in points: 10 mm.
const MARGIN: f64 = 28.346;
/// Points that a pixel takes at most: 96 pixels an inch.
const POINTS_A_PIXEL_MAX: f64 = 0.75;
/// Longest side of a picture that is packed anew, in pixels: 300 an inch on A4.
const SIDE_MAX: u32 = 3_508;

/// Makes a PDF with one page for each picture, in their order.
///
/// # Errors
/// The number of the picture, from 1, with what is wrong with it.
pub fn pages_of_pictures(pictures: &[&[u8]]) -> Result<Vec<u8>, (usize, Error)> {
    if pictures.is_empty() || pictures.len() > PICTURES_MAX {
        return Err((0, Error::TooLarge { what: format!("1–{PICTURES_MAX} pictures make a file") }));
    }
    let mut file = NewFile::new(pictures.len());
    for (index, bytes) in pictures.iter().enumerate() {
        let picture = picture(bytes).map_err(|error| (index + 1, error))?;
        file.add(index, &picture);
        if file.bytes.len() > FILE_BYTES_MAX {
            return Err((index + 1, Error::TooLarge { what: format!("more than {FILE_BYTES_MAX} bytes") }));
        }
    }
    Ok(file.finish())
}

/// A picture as an object of a PDF.
struct Picture {
    width: u32,
    height: u32,
    gray: bool,
    filter: &'static str,
    data: Vec<u8>,
    /// How it is turned on its page.
    orientation: Orientation,
}

fn picture(bytes: &[u8]) -> Result<Picture, Error> {
    // Decoded even when it goes in as it is: a damaged picture is found now, and not by whoever opens the contract.
    let decoded = decode(bytes)?;
    let (width, height) = (decoded.image.width(), decoded.image.height());
    if decoded.is_jpeg
        && let Some(plain) = jpeg::plain(bytes)
        && (u32::from(plain.width), u32::from(plain.height)) == (width, height)
    {
        return Ok(Picture {
            width,
            height,
            gray: plain.components == 1,
            filter: "DCTDecode",
            data: plain.bytes,
            orientation: decoded.orientation,
        });
    }
    packed(decoded)
}

fn packed(decoded: Decoded) -> Result<Picture, Error> {
    let orientation = decoded.orientation;
    let mut image = decoded.image;
    if image.width().max(image.height()) > SIDE_MAX {
        image = image.resize(SIDE_MAX, SIDE_MAX, FilterType::CatmullRom);
    }
    let gray = !image.color().has_color();
    let raw = on_white(&image, gray);
    let failed = |error: std::io::Error| Error::Damaged { why: error.to_string() };
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&raw).map_err(failed)?;
    let data = encoder.finish().map_err(failed)?;
    Ok(Picture {
        width: image.width(),
        height: image.height(),
        gray,
        filter: "FlateDecode",
        data,
        orientation,
    })
}

/// Paper is white under what is transparent.
fn on_white(image: &DynamicImage, gray: bool) -> Vec<u8> {
    let over = |value: u8, alpha: u8| {
        let mixed = (u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255;
        u8::try_from(mixed).unwrap_or(255)
    };
    match (gray, image.color().has_alpha()) {
        (true, false) => image.to_luma8().into_raw(),
        (true, true) => image.to_luma_alpha8().pixels().map(|pixel| over(pixel.0[0], pixel.0[1])).collect(),
        (false, false) => image.to_rgb8().into_raw(),
        (false, true) => {
            let image = image.to_rgba8();
            image.pixels().flat_map(|pixel| [0, 1, 2].map(|color| over(pixel.0[color], pixel.0[3]))).collect()
        }
    }
}

/// The page's width and height, and the picture's box on it, all in points.
fn layout(width: u32, height: u32) -> ((f64, f64), [f64; 4]) {
    let (width, height) = (f64::from(width), f64::from(height));
    let page = if width > height { (A4.1, A4.0) } else { A4 };
    let is_scan = ((width / height) / (page.0 / page.1) - 1.0).abs() <= SCAN_TOLERANCE;
    let margin = if is_scan { 0.0 } else { MARGIN };
    let room = (page.0 - 2.0 * margin, page.1 - 2.0 * margin);
    let scale = (room.0 / width).min(room.1 / height);
    let scale = if is_scan { scale } else { scale.min(POINTS_A_PIXEL_MAX) };
    let (shown_width, shown_height) = (width * scale, height * scale);
    let (x, y) = ((page.0 - shown_width) / 2.0, (page.1 - shown_height) / 2.0);
    (page, [x, y, shown_width, shown_height])
}

/// The matrix that puts the picture, whose pixels lie as the camera took them, upright into its box.
fn matrix(orientation: Orientation, [x, y, width, height]: [f64; 4]) -> [f64; 6] {
    let (right, top) = (x + width, y + height);
    match orientation {
        Orientation::NoTransforms => [width, 0.0, 0.0, height, x, y],
        Orientation::FlipHorizontal => [-width, 0.0, 0.0, height, right, y],
        Orientation::Rotate180 => [-width, 0.0, 0.0, -height, right, top],
        Orientation::FlipVertical => [width, 0.0, 0.0, -height, x, top],
        Orientation::Rotate90 => [0.0, -height, width, 0.0, x, top],
        Orientation::Rotate270 => [0.0, height, -width, 0.0, right, y],
        Orientation::Rotate90FlipH => [0.0, -height, -width, 0.0, right, top],
        Orientation::Rotate270FlipH => [0.0, height, width, 0.0, x, y],
    }
}

/// A file that is written from its first byte on.
struct NewFile {
    bytes: Vec<u8>,
    /// Where each object begins, from object 1 on.
    offsets: Vec<usize>,
}

impl NewFile {
    const CATALOG: u32 = 1;
    const TREE: u32 = 2;

    /// Each page is three objects: the page, its content and its picture.
    fn page_number(index: usize) -> u32 {
        u32::try_from(index * 3).unwrap_or(u32::MAX) + 3
    }

    fn new(pages: usize) -> Self {
        // The bytes over 127 tell that the file is no text.
        let mut file = Self { bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), offsets: Vec::new() };
        let catalog = Dictionary::of([("Type", Object::name("Catalog")), ("Pages", reference(Self::TREE))]);
        file.object(&catalog, None);
        let kids = (0..pages).map(|index| reference(Self::page_number(index))).collect();
        let tree = Dictionary::of([
            ("Type", Object::name("Pages")),
            ("Kids", Object::Array(kids)),
            ("Count", crate::write::integer(pages)),
        ]);
        file.object(&tree, None);
        file
    }

    fn add(&mut self, index: usize, picture: &Picture) {
        let turned = matches!(
            picture.orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        let (width, height) =
            if turned { (picture.height, picture.width) } else { (picture.width, picture.height) };
        let (page, place) = layout(width, height);
        let number = Self::page_number(index);
        let pictures = Dictionary::of([("Picture", reference(number + 2))]);
        let dictionary = Dictionary::of([
            ("Type", Object::name("Page")),
            ("Parent", reference(Self::TREE)),
            ("MediaBox", crate::geometry::numbers(&[0.0, 0.0, page.0, page.1])),
            ("Contents", reference(number + 1)),
            ("Resources", Dictionary::of([("XObject", pictures.into())]).into()),
        ]);
        self.object(&dictionary, None);
        let matrix = matrix(picture.orientation, place).map(number_text).join(" ");
        self.object(&Dictionary::new(), Some(format!("q {matrix} cm /Picture Do Q\n").as_bytes()));
        let space = if picture.gray { "DeviceGray" } else { "DeviceRGB" };
        let image = Dictionary::of([
            ("Type", Object::name("XObject")),
            ("Subtype", Object::name("Image")),
            ("Width", Object::Integer(picture.width.into())),
            ("Height", Object::Integer(picture.height.into())),
            ("ColorSpace", Object::name(space)),
            ("BitsPerComponent", Object::Integer(8)),
            ("Filter", Object::name(picture.filter)),
        ]);
        self.object(&image, Some(&picture.data));
    }

    fn object(&mut self, dictionary: &Dictionary, stream: Option<&[u8]>) {
        self.offsets.push(self.bytes.len());
        self.bytes.extend_from_slice(format!("{} 0 obj\n", self.offsets.len()).as_bytes());
        match stream {
            None => write_object(&mut self.bytes, &dictionary.clone().into()),
            Some(data) => {
                let mut dictionary = dictionary.clone();
                dictionary.set("Length", crate::write::integer(data.len()));
                write_object(&mut self.bytes, &dictionary.into());
                self.bytes.extend_from_slice(b"\nstream\n");
                self.bytes.extend_from_slice(data);
                self.bytes.extend_from_slice(b"\nendstream");
            }
        }
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    fn finish(mut self) -> Vec<u8> {
        let at = self.bytes.len();
        let size = self.offsets.len() + 1;
        let mut table = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for offset in &self.offsets {
            table.push_str(&format!("{offset:010} 00000 n \n"));
        }
        self.bytes.extend_from_slice(table.as_bytes());
        // The file's id is its content's hash, so that the same pictures make the same file.
        let id = openssl::sha::sha256(&self.bytes).get(..16).unwrap_or_default().to_vec();
        let trailer = Dictionary::of([
            ("Size", crate::write::integer(size)),
            ("Root", reference(Self::CATALOG)),
            ("ID", Object::Array(vec![Object::String(id.clone()), Object::String(id)])),
        ]);
        self.bytes.extend_from_slice(b"trailer\n");
        write_object(&mut self.bytes, &trailer.into());
        self.bytes.extend_from_slice(format!("\nstartxref\n{at}\n%%EOF\n").as_bytes());
        self.bytes
    }
}

fn reference(number: u32) -> Object {
    Reference { number, generation: 0 }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_fill_their_page_and_other_pictures_keep_a_margin() {
        let (page, place) = layout(2480, 3508);
        assert!((page.0, page.1) == A4 && place[0].abs() < 0.1 && (place[3] - A4.1).abs() < 1.0, "{place:?}");
        let (page, place) = layout(4000, 3000);
        assert_eq!(page, (A4.1, A4.0));
        assert!(place[1] >= MARGIN - 0.01 && place[0] >= MARGIN, "{place:?}");
        // 200 pixels at 96 an inch are 150 points.
        let (_, place) = layout(200, 100);
        assert!((place[2] - 150.0).abs() < 0.01 && (place[3] - 75.0).abs() < 0.01, "{place:?}");
    }
}
