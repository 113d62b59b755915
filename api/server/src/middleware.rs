//! What every request goes through, outermost first: its id, a span, metrics, headers, refusals in words, panics,
//! cross-site protection, compression.

use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderName, HeaderValue, Response as HttpResponse, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate as _,
        predicate::{DefaultPredicate, NotForContentType},
    },
    csrf::CsrfLayer,
    set_header::SetResponseHeaderLayer,
    trace::TraceLayer,
};

use crate::{
    config::Config,
    context::{self, RequestId},
    linger,
    problem::{self, Code, Refusal},
};

/// The largest body of a route that does not count for itself, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// pdf.js runs in a worker and draws from blobs; the pages' components set styles.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; \
    connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Wraps all routes.
pub(crate) fn wrap(router: Router, config: &Config) -> Router {
    let origin = config.public_url.origin().ascii_serialization();
    // An origin that cannot be trusted (a public URL without host) leaves the same-host rule.
    let csrf = CsrfLayer::new().add_trusted_origin(&origin).unwrap_or_else(|_| CsrfLayer::new());
    let csrf =
        csrf.with_rejection_response(|_| -> Response { Refusal::from(Code::CrossSite).into_response() });
    let layers = ServiceBuilder::new()
        .layer(from_fn(context::request_id))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_request(()).on_response(on_response))
        .layer(from_fn(measure))
        .layer(fixed("x-content-type-options", "nosniff"))
        .layer(fixed("referrer-policy", "no-referrer"))
        .layer(fixed("x-frame-options", "DENY"))
        .layer(fixed("cross-origin-opener-policy", "same-origin"))
        .layer(fixed("cross-origin-resource-policy", "same-origin"))
        .layer(fixed("permissions-policy", "camera=(self), geolocation=(), microphone=()"))
        .layer(fixed("content-security-policy", CONTENT_SECURITY_POLICY))
        .layer(from_fn(no_store))
        // A PDF is compressed inside.
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("application/pdf"))),
        )
        .layer(from_fn(problem::render))
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(from_fn(linger::linger))
        .layer(csrf)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    let router = router.layer(layers);
    if config.public_url.scheme() == "https" {
        router.layer(fixed("strict-transport-security", "max-age=31536000; includeSubDomains"))
    } else {
        router
    }
}

/// A header that a handler may have set otherwise.
fn fixed(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// Answers of the API are for one person and one moment, unless a handler says otherwise.
async fn no_store(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    if api {
        let headers = response.headers_mut();
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// The route's pattern, never the path itself: paths hold the tokens of links.
fn route(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or_else(|| "(page)".to_owned(), |path| path.as_str().to_owned())
}

fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    tracing::info_span!(
        "request",
        http.method = %request.method(),
        http.route = route(request),
        request.id = id.0,
    )
}

fn on_response<B>(response: &HttpResponse<B>, latency: Duration, _: &tracing::Span) {
    let status = response.status().as_u16();
    tracing::info!(http.status = status, latency_ms = latency.as_millis(), "answered");
}

async fn measure(request: Request, next: Next) -> Response {
    let (method, route) = (request.method().as_str().to_owned(), route(&request));
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("sealflow_http_requests_total", "method" => method.clone(), "route" => route.clone(),
        "status" => status)
    .increment(1);
    metrics::histogram!("sealflow_http_request_seconds", "method" => method, "route" => route)
        .record(started.elapsed().as_secs_f64());
    response
}

fn on_panic(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
    tracing::error!(panic = text, "a handler panicked");
    Refusal::from(Code::Internal).into_response()
}
