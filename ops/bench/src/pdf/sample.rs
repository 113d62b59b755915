//! Files to sign: pages with a picture each, of bytes that cannot be packed, so that a file has the size that it should.

use std::{fmt::Write as _, io::Write as _};

/// A file of that many pages with a cross-reference table; each page carries `filling` bytes.
pub(super) fn file(pages: usize, filling: usize) -> std::io::Result<Vec<u8>> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    let mut object = |out: &mut Vec<u8>, body: &[&[u8]]| -> std::io::Result<()> {
        offsets.push(out.len());
        writeln!(out, "{} 0 obj", offsets.len())?;
        body.iter().try_for_each(|part| out.write_all(part))?;
        out.write_all(b"\nendobj\n")
    };
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", 3 + 3 * page)).collect();
    object(&mut out, &[b"<</Type/Catalog/Pages 2 0 R>>"])?;
    object(&mut out, &[format!("<</Type/Pages/Kids[{}]/Count {pages}>>", kids.join(" ")).as_bytes()])?;
    let mut noise = Noise(20_261_124);
    for page in 0..pages {
        let own = 3 + 3 * page;
        let head = format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {} 0 R/Resources<</XObject<</P {} 0 R>>>>>>",
            own + 1,
            own + 2
        );
        object(&mut out, &[head.as_bytes()])?;
        let content = b"q 100 0 0 100 60 600 cm /P Do Q";
        object(
            &mut out,
            &[format!("<</Length {}>>\nstream\n", content.len()).as_bytes(), content, b"\nendstream"],
        )?;
        let width = filling.max(1);
        let head = format!(
            "<</Type/XObject/Subtype/Image/Width {width}/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length {width}>>\nstream\n"
        );
        let picture: Vec<u8> = (0..width).map(|_| noise.byte()).collect();
        object(&mut out, &[head.as_bytes(), &picture, b"\nendstream"])?;
    }
    let at = out.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1);
    for offset in &offsets {
        // A text takes every write.
        let _ = writeln!(table, "{offset:010} 00000 n ");
    }
    let size = offsets.len() + 1;
    let _ = write!(table, "trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n");
    out.extend_from_slice(table.as_bytes());
    Ok(out)
}

/// Bytes that look like chance and are the same in every run (xorshift).
struct Noise(u64);

impl Noise {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[3]
    }
}
