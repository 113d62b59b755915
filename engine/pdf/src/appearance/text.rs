//! Why: dates and text must look the same everywhere and be found by search, so the glyphs that are used are embedded, with their
//! way back to characters.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use subsetter::GlyphRemapper;

use super::{Drawing, Error, Frame};
use crate::{
    fonts::{self, Font},
    geometry::numbers,
    limits::TEXT_CHARS_MAX,
    read::object::{Dictionary, Object, Reference, number_text},
    write::Increment,
};

/// Largest type, in points.
const SIZE_MAX: f64 = 14.0;
/// Smallest type, in points; longer text is refused.
const SIZE_MIN: f64 = 4.0;
/// From line to line, in sizes.
const LEADING: f64 = 1.25;
/// Left and right margin, in points.
const MARGIN: f64 = 2.0;
/// From the middle of a line of Chinese down to its base, in sizes.
const MIDDLE_TO_BASE: f64 = 0.36;

/// A character that is used.
struct Glyph {
    cid: u16,
    /// In thousandths of the size.
    width: f64,
    character: char,
}

/// Text with its place in a field.
struct Layout {
    font: Arc<Font>,
    remapper: GlyphRemapper,
    lines: Vec<Vec<Glyph>>,
    size: f64,
}

pub(super) fn check(text: &str, frame: Frame) -> Result<(), Error> {
    layout(text, frame).map(|_| ())
}

fn layout(text: &str, frame: Frame) -> Result<Layout, Error> {
    let fail = |why: String| Error::Text { why };
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        return Err(fail(format!("it has 1–{TEXT_CHARS_MAX} characters")));
    }
    let font = fonts::font(fonts::Face::Sans).map_err(|why| Error::Font { why })?;
    let mut remapper = GlyphRemapper::new();
    let lines = lines(&font, text, &mut remapper)?;
    let widest =
        lines.iter().map(|line| line.iter().map(|glyph| glyph.width).sum::<f64>()).fold(0.0, f64::max);
    let by_width = (frame.width - 2.0 * MARGIN).max(0.0) * 1000.0 / widest.max(1.0);
    let size = by_width.min(frame.height / LEADING / count(&lines)).min(SIZE_MAX);
    if size < SIZE_MIN {
        return Err(fail("it does not fit into its field".to_owned()));
    }
    Ok(Layout { font, remapper, lines, size })
}

fn count(lines: &[Vec<Glyph>]) -> f64 {
    u32::try_from(lines.len()).map_or(f64::INFINITY, f64::from)
}

pub(super) fn draw(increment: &mut Increment<'_, '_>, text: &str, frame: Frame) -> Result<Drawing, Error> {
    let Layout { font, remapper, lines, size } = layout(text, frame)?;
    let mut content = String::from("/Tx BMC q BT 0 g\n");
    let _ = writeln!(content, "/F {} Tf {} TL", number_text(size), number_text(size * LEADING));
    let base = frame.height / 2.0 + (count(&lines) - 1.0) / 2.0 * size * LEADING - size * MIDDLE_TO_BASE;
    let _ = writeln!(content, "{} {} Td", number_text(MARGIN), number_text(base));
    for line in &lines {
        let codes: String = line.iter().map(|glyph| format!("{:04X}", glyph.cid)).collect();
        let _ = writeln!(content, "<{codes}> Tj T*");
    }
    content.push_str("ET Q EMC\n");
    let font = embed(increment, &font, &remapper, lines.iter().flatten())?;
    let fonts = Dictionary::of([("F", font.into())]);
    Ok(Drawing { content: content.into_bytes(), resources: Dictionary::of([("Font", fonts.into())]) })
}

fn lines(font: &Font, text: &str, remapper: &mut GlyphRemapper) -> Result<Vec<Vec<Glyph>>, Error> {
    let face = font.face().map_err(|why| Error::Font { why })?;
    let units = f64::from(face.units_per_em());
    let mut glyph = |character: char| {
        let id = face
            .glyph_index(character)
            .ok_or_else(|| Error::Text { why: format!("the font has no {character:?}") })?;
        let width = f64::from(face.glyph_hor_advance(id).unwrap_or(0)) * 1000.0 / units;
        Ok(Glyph { cid: remapper.remap(id.0), width, character })
    };
    text.lines().map(|line| line.chars().map(&mut glyph).collect()).collect()
}

fn embed<'g>(
    increment: &mut Increment<'_, '_>,
    font: &Font,
    remapper: &GlyphRemapper,
    glyphs: impl Iterator<Item = &'g Glyph>,
) -> Result<Reference, Error> {
    let fail = |why: String| Error::Font { why };
    let subset =
        subsetter::subset(&font.bytes, font.index, remapper).map_err(|source| fail(source.to_string()))?;
    let used: BTreeMap<u16, &Glyph> = glyphs.map(|glyph| (glyph.cid, glyph)).collect();
    let raw = ttf_parser::RawFace::parse(&subset, 0).map_err(|source| fail(source.to_string()))?;
    let outlines = raw.table(ttf_parser::Tag::from_bytes(b"CFF ")).map(<[u8]>::to_vec);
    let name = Object::name("SFSUBS+SealflowText");
    let (kind, key, program) = match outlines {
        Some(cff) => {
            let form = Dictionary::of([("Subtype", Object::name("CIDFontType0C"))]);
            ("CIDFontType0", "FontFile3", increment.add_packed(form, cff))
        }
        None => ("CIDFontType2", "FontFile2", increment.add_packed(Dictionary::new(), subset)),
    };
    let descriptor = descriptor(font, &name, key, program).map_err(fail)?;
    let descriptor = increment.add(descriptor);
    let widths = used
        .values()
        .flat_map(|glyph| {
            [Object::Integer(glyph.cid.into()), Object::Array(vec![Object::number(glyph.width)])]
        })
        .collect();
    let system = Dictionary::of([
        ("Registry", Object::String(b"Adobe".to_vec())),
        ("Ordering", Object::String(b"Identity".to_vec())),
        ("Supplement", Object::Integer(0)),
    ]);
    let mut descendant = Dictionary::of([
        ("Type", Object::name("Font")),
        ("Subtype", Object::name(kind)),
        ("BaseFont", name.clone()),
        ("CIDSystemInfo", system.into()),
        ("FontDescriptor", descriptor.into()),
        ("DW", Object::Integer(1000)),
        ("W", Object::Array(widths)),
    ]);
    if kind == "CIDFontType2" {
        descendant.set("CIDToGIDMap", Object::name("Identity"));
    }
    let descendant = increment.add(descendant);
    let to_unicode = increment.add_packed(Dictionary::new(), to_unicode(&used));
    Ok(increment.add(Dictionary::of([
        ("Type", Object::name("Font")),
        ("Subtype", Object::name("Type0")),
        ("BaseFont", name),
        ("Encoding", Object::name("Identity-H")),
        ("DescendantFonts", Object::Array(vec![descendant.into()])),
        ("ToUnicode", to_unicode.into()),
    ])))
}

fn descriptor(font: &Font, name: &Object, key: &str, program: Reference) -> Result<Dictionary, String> {
    const SYMBOLIC: i64 = 1 << 2;
    let face = font.face()?;
    let scaled = |value: i16| f64::from(value) * 1000.0 / f64::from(face.units_per_em());
    let bounds = face.global_bounding_box();
    let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(scaled);
    let mut descriptor = Dictionary::of([
        ("Type", Object::name("FontDescriptor")),
        ("FontName", name.clone()),
        ("Flags", Object::Integer(SYMBOLIC)),
        ("FontBBox", numbers(&bounds)),
        ("ItalicAngle", Object::Integer(0)),
        ("Ascent", Object::number(scaled(face.ascender()))),
        ("Descent", Object::number(scaled(face.descender()))),
        ("CapHeight", Object::number(scaled(face.capital_height().unwrap_or(face.ascender())))),
        ("StemV", Object::Integer(80)),
    ]);
    descriptor.set(key, program.into());
    Ok(descriptor)
}

fn to_unicode(used: &BTreeMap<u16, &Glyph>) -> Vec<u8> {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    let all: Vec<&&Glyph> = used.values().collect();
    for some in all.chunks(100) {
        let _ = writeln!(map, "{} beginbfchar", some.len());
        for glyph in some {
            let units: String =
                glyph.character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:04X}")).collect();
            let _ = writeln!(map, "<{:04X}> <{units}>", glyph.cid);
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map.into_bytes()
}
