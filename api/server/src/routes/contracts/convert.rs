//! What is uploaded becomes a PDF, once, before anything else looks at it: pictures become pages, Word files are converted.

use bytes::Bytes;
use sealflow_pdf::{
    convert::word::{is_broken_word, is_compound, is_word},
    picture::is_picture,
};
use sealflow_store::documents::Source;

use super::documents::Received;
use crate::{App, error::Error, problem::Code};

/// The most pictures of one file.
pub(super) const PICTURES_MAX: usize = sealflow_pdf::limits::PICTURES_MAX;

/// The parts of an upload as one PDF, under the first one's name. Only pictures may be several; they are its pages, in
/// their order.
pub(super) async fn to_pdf(app: &App, parts: Vec<Received>) -> Result<(Received, Source), Error> {
    let Some(first) = parts.first() else { return Err(Code::FileMissing.into()) };
    let (name, is_named_word) = (first.name.clone(), first.is_named_word);
    if parts.iter().all(|part| is_picture(&part.bytes)) {
        let pictures: Vec<&[u8]> = parts.iter().map(|part| &*part.bytes).collect();
        let bytes = Bytes::from(app.pdf.pages_of_pictures(&pictures).await?);
        return Ok((Received { name, is_named_word, bytes }, Source::Pictures));
    }
    if parts.len() > 1 {
        return Err(Code::FilesMixed.into());
    }
    let bytes = first.bytes.clone();
    if is_word(&bytes) {
        let bytes = Bytes::from(app.word.to_pdf(&bytes).await?);
        return Ok((Received { name, is_named_word, bytes }, Source::Word));
    }
    if is_compound(&bytes) {
        return Err(Code::FileWordOld.into());
    }
    if is_broken_word(&bytes) || (is_named_word && bytes.starts_with(b"PK")) {
        return Err(Code::FileWordUnusable.into());
    }
    Ok((Received { name, is_named_word, bytes }, Source::Pdf))
}
