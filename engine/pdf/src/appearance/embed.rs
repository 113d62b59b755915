//! Why: the glyphs that are used go into the file, with their way back to characters, so that text looks the same everywhere
//! and is found by search.

use std::{collections::BTreeMap, fmt::Write as _};

use subsetter::GlyphRemapper;

use super::Error;
use crate::{
    fonts::Font,
    geometry::numbers,
    read::object::{Dictionary, Object, Reference},
    write::Increment,
};

/// A character that is used.
#[derive(Debug, Clone)]
pub(super) struct Glyph {
    pub(super) cid: u16,
    /// In thousandths of the size.
    pub(super) width: f64,
    pub(super) character: char,
}

/// Adds the font with nothing but these glyphs.
pub(super) fn embed<'g>(
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
