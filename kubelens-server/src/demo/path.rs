//! Where a request to the API server points.

use kubelens_core::kubernetes::Kind;

/// A resource path: `/apis/apps/v1/namespaces/shop/deployments/web/scale`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// The kind that is stored there.
    pub(super) kind: Kind,
    /// The namespace; empty for all, and for what is cluster-scoped.
    pub(super) namespace: String,
    /// The name; none for the collection.
    pub(super) name: Option<String>,
    /// `log`, `eviction`, `status`.
    pub(super) subresource: Option<String>,
}

impl Path {
    /// Reads a path; none where nothing of the kind is served.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.trim_matches('/').split('/').map(unescaped);
        let api_version = match parts.next()?.as_str() {
            "api" => parts.next()?,
            "apis" => format!("{}/{}", parts.next()?, parts.next()?),
            _ => return None,
        };
        let mut rest: Vec<String> = parts.collect();
        let mut namespace = String::new();
        // `namespaces/shop` alone is the Namespace itself.
        if rest.len() > 2 && rest.first().is_some_and(|part| part == "namespaces") {
            namespace = rest.remove(1);
            rest.remove(0);
        }
        let mut rest = rest.into_iter();
        let plural = rest.next()?;
        let kind = Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.api_version() == api_version && kind.plural() == plural)?;
        Some(Self {
            kind,
            namespace,
            name: rest.next(),
            subresource: rest.next(),
        })
    }
}

fn unescaped(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: Vec<u8> = rest.by_ref().take(2).collect();
        let text = std::str::from_utf8(&digits).unwrap_or_default();
        bytes.push(u8::from_str_radix(text, 16).unwrap_or(b'%'));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_collections_objects_and_what_hangs_on_them() {
        let log = Path::parse("/api/v1/namespaces/shop/pods/web-1/log").unwrap();
        assert_eq!(log.kind, Kind::Pod);
        assert_eq!(log.namespace, "shop");
        assert_eq!(log.name.as_deref(), Some("web-1"));
        assert_eq!(log.subresource.as_deref(), Some("log"));
        let all = Path::parse("/apis/apps/v1/deployments").unwrap();
        assert_eq!((all.kind, all.name), (Kind::Deployment, None));
        let namespace = Path::parse("/api/v1/namespaces/shop").unwrap();
        assert_eq!(namespace.kind, Kind::Namespace);
        assert_eq!(namespace.name.as_deref(), Some("shop"));
        assert_eq!(Path::parse("/apis/example.com/v1/things"), None);
    }
}
