//! Has cargo look at the built pages: the release carries them, and new files of a newer build would go unnoticed.

use std::{fs, path::Path};

fn main() {
    let pages = Path::new("../web/dist");
    // A folder that is missing would count as changed at every build.
    if let Err(error) = fs::create_dir_all(pages) {
        println!("cargo:warning=the pages cannot be embedded: {} cannot be made: {error}", pages.display());
    }
    println!("cargo:rerun-if-changed={}", pages.display());
}
