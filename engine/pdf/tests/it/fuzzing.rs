//! Why: the fuzz targets are no members of the workspace, and nobody would hear when they do not compile any more; so what
//! they do is compiled here, and tried on files whole and broken.

#[path = "../../fuzz/ways/read.rs"]
mod read;
#[path = "../../fuzz/ways/validate.rs"]
mod validate;

use crate::{
    signing::revisions,
    support::pdf::{self, BOTH},
};

#[test]
fn the_ways_of_the_fuzz_targets_end() {
    for xref in BOTH {
        let [_, _, signed] = revisions(&pdf::file(xref, 2, 0), 1, false);
        for way in [read::go, validate::go] {
            way(&signed);
            way(b"%PDF-1.7");
            for at in (0..signed.len()).step_by(signed.len() / 40) {
                let mut broken = signed.clone();
                broken[at] ^= 0x20;
                way(&broken);
                way(&broken[..at]);
            }
        }
    }
}
