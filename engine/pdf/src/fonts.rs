//! Why: Chinese needs fonts of many megabytes, which are installed on the computer (Debian: fonts-noto-cjk) and not carried in the
//! binary. They are sought once and then kept.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use ttf_parser::name_id;

/// Names folders to look for fonts in before the usual ones, separated as in `PATH`.
pub const FOLDERS_VARIABLE: &str = "SEALFLOW_FONT_DIRS";

const FOLDERS: [&str; 6] = [
    "/usr/share/fonts/opentype/noto",
    "/usr/share/fonts/noto-cjk",
    "/usr/share/fonts/google-noto-cjk",
    "/usr/share/fonts/truetype/wqy",
    "/usr/local/share/fonts",
    "/usr/share/fonts",
];
/// Larger files are no fonts that this crate would use.
const FONT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The faces that are used, each with the files that can stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    /// A Song face, bold: seals.
    Song,
    /// A plain face: dates and text.
    Sans,
    /// A Song face for text.
    Serif,
}

impl Face {
    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Song => &[
                "NotoSerifCJK-Bold.ttc",
                "NotoSerifCJKsc-Bold.otf",
                "SourceHanSerifSC-Bold.otf",
                "wqy-microhei.ttc",
            ],
            Self::Sans => &[
                "NotoSansCJK-Regular.ttc",
                "NotoSansCJKsc-Regular.otf",
                "SourceHanSansSC-Regular.otf",
                "wqy-microhei.ttc",
            ],
            Self::Serif => &[
                "NotoSerifCJK-Regular.ttc",
                "NotoSerifCJKsc-Regular.otf",
                "SourceHanSerifSC-Regular.otf",
                "wqy-microhei.ttc",
            ],
        }
    }
}

/// A font file and the face to use in it.
#[derive(Debug)]
pub struct Font {
    pub(crate) bytes: Vec<u8>,
    pub(crate) index: u32,
}

impl Font {
    /// The outlines and metrics.
    pub(crate) fn face(&self) -> Result<ttf_parser::Face<'_>, String> {
        ttf_parser::Face::parse(&self.bytes, self.index)
            .map_err(|source| format!("the font cannot be read: {source}"))
    }
}

/// The font for a face, read when it is first wanted.
///
/// # Errors
/// A sentence that names the files and folders that were tried.
pub fn font(face: Face) -> Result<Arc<Font>, String> {
    static SONG: OnceLock<Result<Arc<Font>, String>> = OnceLock::new();
    static SANS: OnceLock<Result<Arc<Font>, String>> = OnceLock::new();
    static SERIF: OnceLock<Result<Arc<Font>, String>> = OnceLock::new();
    let slot = match face {
        Face::Song => &SONG,
        Face::Sans => &SANS,
        Face::Serif => &SERIF,
    };
    slot.get_or_init(|| find(face, &folders()).map(Arc::new)).clone()
}

fn folders() -> Vec<PathBuf> {
    let own = std::env::var_os(FOLDERS_VARIABLE).unwrap_or_default();
    std::env::split_paths(&own)
        .chain(FOLDERS.iter().map(PathBuf::from))
        .filter(|folder| folder.is_absolute())
        .collect()
}

fn find(face: Face, folders: &[PathBuf]) -> Result<Font, String> {
    for name in face.files() {
        for folder in folders {
            if let Some(font) = read(&folder.join(name)) {
                return Ok(font);
            }
        }
    }
    let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Err(format!(
        "none of {} in {}; install fonts-noto-cjk or set {FOLDERS_VARIABLE}",
        face.files().join(", "),
        folders.join(", ")
    ))
}

fn read(path: &Path) -> Option<Font> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > FONT_BYTES_MAX {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let count = ttf_parser::fonts_in_collection(&bytes).unwrap_or(1);
    let index = (0..count).find(|index| is_simplified(&bytes, *index)).unwrap_or(0);
    ttf_parser::Face::parse(&bytes, index).ok()?;
    Some(Font { bytes, index })
}

/// In a collection for several countries, the face for simplified Chinese has `SC` in its name.
fn is_simplified(bytes: &[u8], index: u32) -> bool {
    let Ok(face) = ttf_parser::Face::parse(bytes, index) else { return false };
    face.names()
        .into_iter()
        .filter(|name| name.name_id == name_id::FULL_NAME)
        .filter_map(|name| name.to_string())
        .any(|name| name.split(' ').any(|word| word == "SC"))
}
