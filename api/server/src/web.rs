//! The pages: files built by `api/web`, carried inside the program. Any other path that is no file is a page of the
//! single-page application.

use axum::{
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::{Code, Refusal};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// Vite names the files in this folder by their content.
const HASHED: &str = "assets/";

/// Answers what no route does.
pub(crate) async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if ["api", "callbacks"].iter().any(|root| path == *root || path.starts_with(&format!("{root}/"))) {
        return Refusal::from(Code::NotFound).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Refusal::from(Code::MethodNotAllowed).into_response();
    }
    if let Some(file) = Files::get(path).filter(|_| !path.is_empty()) {
        return answer(path, file);
    }
    // A missing file is missing; a path without an ending is a page.
    let last = path.rsplit('/').next().unwrap_or_default();
    if path.starts_with(HASHED) || last.contains('.') {
        return Refusal::from(Code::NotFound).into_response();
    }
    match Files::get(INDEX) {
        Some(file) => answer(INDEX, file),
        None => (StatusCode::NOT_FOUND, "The pages were not built into this program.\n").into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile) -> Response {
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = file.metadata.mimetype();
    let charset = if kind.starts_with("text/") { "; charset=utf-8" } else { "" };
    let kind = HeaderValue::from_str(&format!("{kind}{charset}"));
    let headers = [
        (header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    (headers, file.data).into_response()
}
