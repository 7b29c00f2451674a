use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Access;
use super::origin::origin;
use crate::pages::InlineStyles;

macro_rules! policy {
    ($styles:literal) => {
        HeaderValue::from_static(concat!(
            "default-src 'self'; base-uri 'self'; frame-ancestors 'none'; object-src 'none'; form-action 'self'; style-src ",
            $styles,
            "; img-src 'self' data: blob:; font-src 'self' data:; script-src 'self'; connect-src 'self'",
        ))
    };
}

/// Nothing within the markup counts: neither scripts nor styles.
const STRICT: HeaderValue = policy!("'self'");
/// For user interfaces that were built elsewhere.
const WITH_STYLES: HeaderValue = policy!("'self' 'unsafe-inline'");

const EVERYWHERE: [(HeaderName, HeaderValue); 3] = [
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    ),
];

/// Outermost: finds out where the request comes from, and sets on every answer what keeps a
/// browser safe.
pub async fn security_headers(
    State(access): State<Access>,
    mut request: Request,
    next: Next,
) -> Response {
    let (address, secure) = origin(&request, &access.inner.settings.trusted_proxies);
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(secure);
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let policy = match response.extensions().get::<InlineStyles>() {
        Some(InlineStyles) => WITH_STYLES,
        None => STRICT,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in EVERYWHERE {
        headers.insert(name, value);
    }
    if secure.0 {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if is_api && !headers.contains_key(header::CACHE_CONTROL) && !headers.contains_key(header::ETAG)
    {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
