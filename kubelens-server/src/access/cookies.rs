use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};
use jiff::SignedDuration;

use super::origin::Secure;

/// The cookie of a session.
pub(crate) const SESSION: &str = "kubelens_auth";

/// The value of a cookie of the request.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let texts = lines.filter_map(|it| it.to_str().ok());
    texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// `Set-Cookie` for this site only, out of the reach of scripts.
pub(crate) fn set(
    name: &'static str,
    value: &str,
    longest: SignedDuration,
    same_site: SameSite,
    secure: Secure,
) -> Option<HeaderValue> {
    let cookie = Cookie::build((name, value.to_owned()))
        .path("/")
        .http_only(true)
        .same_site(same_site)
        .secure(secure.0)
        .max_age(cookie::time::Duration::seconds(longest.as_secs()))
        .build();
    HeaderValue::from_str(&cookie.to_string()).ok()
}

/// `Set-Cookie` that takes it away.
pub(crate) fn clear(name: &'static str, secure: Secure) -> Option<HeaderValue> {
    set(name, "", SignedDuration::ZERO, SameSite::Strict, secure)
}
