//! Why: our own validator could share a fault with our writer; three programs by others cannot.

use crate::{
    signing::revisions,
    support::{
        pdf::{self, BOTH},
        tools::{folder, run},
    },
};

#[test]
fn pyhanko_accepts_every_revision() {
    for xref in BOTH {
        for timestamped in [false, true] {
            let [_, once, twice] = revisions(&pdf::file(xref, 3, 0), 2, timestamped);
            for (file, count) in [(once, 1), (twice, 2)] {
                let folder = folder(&file);
                let arguments = ["sign", "validate", "--trust", "ca.pem", "--pretty-print", "file.pdf"];
                let (good, text) =
                    run("pyhanko", "pyHanko (pip install pyhanko-cli)", &arguments, folder.path());
                assert!(good, "{xref:?} timestamped={timestamped}: {text}");
                assert_eq!(text.matches("The signature is judged VALID.").count(), count, "{text}");
            }
        }
    }
}

#[test]
fn qpdf_finds_no_fault() {
    for xref in BOTH {
        for file in revisions(&pdf::file(xref, 3, 0), 2, false) {
            let folder = folder(&file);
            let (good, text) = run("qpdf", "qpdf", &["--check", "file.pdf"], folder.path());
            assert!(good && !text.contains("WARNING"), "{xref:?}: {text}");
        }
    }
}
