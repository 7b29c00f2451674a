//! A browser sends its cookies whoever asked it to; `Origin` says who did.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use url::Url;

use super::origin::Secure;

/// Whether the request comes from this site or one that is trusted.
pub(super) fn is_same_site(request: &Request, secure: Secure, trusted: &[String]) -> bool {
    let headers = request.headers();
    let Some(from) = source(headers) else {
        return false;
    };
    if secure.0 && from.scheme() != "https" && from.scheme() != "wss" {
        return false;
    }
    let Some(from_host) = from.host_str() else {
        return false;
    };
    let from = (from_host.to_owned(), from.port());
    let own =
        text(headers, header::HOST).or_else(|| request.uri().authority().map(|it| it.as_str()));
    own.into_iter()
        .chain(trusted.iter().map(String::as_str))
        .any(|host| matches(&from, &split(host)))
}

/// `Origin`, else `Referer`. `null` and what cannot be read are nobody.
fn source(headers: &HeaderMap) -> Option<Url> {
    let name = if headers.contains_key(header::ORIGIN) {
        header::ORIGIN
    } else {
        header::REFERER
    };
    Url::parse(text(headers, name)?).ok()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Host and port of `host`, `host:port`, `[v6]`, `[v6]:port`, as an address has them.
fn split(host: &str) -> (String, Option<u16>) {
    let Ok(url) = Url::parse(&format!("http://{host}")) else {
        return (String::new(), None);
    };
    let name = url.host_str().unwrap_or_default().to_owned();
    // The parser drops the scheme's own port; it was written, so it counts.
    let written = host
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok());
    (name, url.port().or(written.filter(|port| *port == 80)))
}

/// A side without a port matches any port.
fn matches(from: &(String, Option<u16>), own: &(String, Option<u16>)) -> bool {
    let ports = from.1.is_none() || own.1.is_none() || from.1 == own.1;
    !own.0.is_empty() && from.0 == own.0 && ports
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn same(host: &str, headers: &[(&str, &str)], secure: bool) -> bool {
        let mut request = Request::builder().header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        is_same_site(
            &request,
            Secure(secure),
            &["trusted.example.com".to_owned()],
        )
    }

    #[test]
    fn only_this_site_and_trusted_ones() {
        let origin = |value| [("origin", value)];
        assert!(same(
            "kubelens.example.com",
            &origin("https://kubelens.example.com"),
            true
        ));
        assert!(same(
            "localhost:3000",
            &origin("http://localhost:3000"),
            false
        ));
        assert!(same("localhost:3000", &origin("http://localhost"), false));
        assert!(same("[::1]:3000", &origin("http://[::1]:3000"), false));
        assert!(same(
            "a",
            &origin("https://trusted.example.com:8443"),
            false
        ));
        assert!(same("a", &[("referer", "http://a/page?x=1")], false));
        assert!(!same(
            "localhost:3000",
            &origin("http://localhost:4000"),
            false
        ));
        assert!(!same("a", &origin("http://b"), false));
        assert!(!same("a", &origin("null"), false));
        assert!(!same("a", &[], false));
        assert!(!same(
            "a",
            &[("origin", "http://b"), ("referer", "http://a/")],
            false
        ));
        assert!(!same("a", &origin("http://a"), true));
        assert!(!same("a.evil.example", &origin("http://a"), false));
    }
}
