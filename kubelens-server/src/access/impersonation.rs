//! Calls to Kubernetes in somebody else's name.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::identity::{Identity, Provider};
use crate::settings::Impersonation;

const USER: HeaderName = HeaderName::from_static("impersonate-user");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");

/// Groups that only this server gives, by role.
const OWN: &str = "kubelens:";

/// Names that Kubernetes gives to itself.
const RESERVED: &str = "system:";

/// The headers that let a request act as somebody; none where impersonation is off. A name or group of
/// Kubernetes itself (`system:…`) that anyone but Kubernetes vouches for is refused or left out, and so is
/// a group that this server gives by role: nobody becomes a master by calling themselves so.
pub fn headers(identity: &Identity, mode: Impersonation) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    if mode == Impersonation::Off {
        return Ok(headers);
    }
    let of_kubernetes = identity.provider == Provider::Kubernetes;
    if identity.provider == Provider::Local {
        return Err("nobody is signed in".to_owned());
    }
    if identity.name.starts_with(RESERVED) && !of_kubernetes {
        return Err("it is a name of Kubernetes itself".to_owned());
    }
    headers.insert(USER, value(&identity.name)?);
    let own = identity
        .groups
        .iter()
        .filter(|group| of_kubernetes || !(group.starts_with(RESERVED) || group.starts_with(OWN)));
    let by_role = (mode == Impersonation::Group).then(|| format!("{OWN}{}", identity.role.word()));
    for group in own.cloned().chain(by_role) {
        headers.append(GROUP, value(&group)?);
    }
    Ok(headers)
}

/// A header that arrives as it is: servers cut off spaces at its ends, which would make another name of it.
fn value(text: &str) -> Result<HeaderValue, String> {
    if text.is_empty() || text.trim() != text {
        return Err(format!("{text:?} is empty, or has spaces at its ends"));
    }
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| format!("{text:?} cannot be a header"))
}

/// A client whose every call carries these headers, in the place of what the call itself says.
pub fn client(base: kube::Client, headers: HeaderMap) -> kube::Client {
    let namespace = base.default_namespace().to_owned();
    let service = tower::service_fn(move |mut request: http::Request<kube::client::Body>| {
        let own = request.headers_mut();
        let foreign: Vec<HeaderName> = own
            .keys()
            .filter(|name| name.as_str().starts_with("impersonate-"))
            .cloned()
            .collect();
        for name in foreign {
            own.remove(name);
        }
        for (name, value) in &headers {
            own.append(name.clone(), value.clone());
        }
        let base = base.clone();
        async move { base.send(request).await }
    });
    kube::Client::new(service, namespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    fn person(name: &str, provider: Provider, groups: &[&str]) -> Identity {
        Identity {
            name: name.to_owned(),
            role: Role::Viewer,
            provider,
            subject: name.to_owned(),
            groups: groups.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    fn groups(headers: &HeaderMap) -> Vec<&str> {
        let all = headers.get_all(GROUP).iter();
        all.map(|it| it.to_str().unwrap()).collect()
    }

    #[test]
    fn nobody_becomes_a_master_by_calling_themselves_so() {
        let become_them = |identity: Identity| headers(&identity, Impersonation::User);
        for name in [
            "system:admin",
            " system:admin",
            "\tsystem:masters",
            "ann ",
            "",
        ] {
            for provider in [Provider::Oidc, Provider::Token] {
                assert!(
                    become_them(person(name, provider, &[])).is_err(),
                    "{name:?}"
                );
            }
        }
        assert!(become_them(Identity::local_viewer()).is_err());
        assert!(become_them(person("ann", Provider::Oidc, &[" system:masters"])).is_err());
        assert!(become_them(person("ann\r\nimpersonate-group: x", Provider::Oidc, &[])).is_err());
        let ann = person(
            "ann",
            Provider::Oidc,
            &["system:masters", "kubelens:admin", "team"],
        );
        assert_eq!(groups(&become_them(ann.clone()).unwrap()), ["team"]);
        let with_role = headers(&ann, Impersonation::Group).unwrap();
        assert_eq!(groups(&with_role), ["team", "kubelens:viewer"]);
        let account = "system:serviceaccount:a:b";
        let account = person(account, Provider::Kubernetes, &["system:authenticated"]);
        assert_eq!(
            groups(&become_them(account).unwrap()),
            ["system:authenticated"]
        );
    }

    #[test]
    fn off_changes_no_call() {
        let ann = person("ann", Provider::Oidc, &["team"]);
        assert!(headers(&ann, Impersonation::Off).unwrap().is_empty());
    }

    #[tokio::test]
    async fn every_call_of_the_client_carries_the_name_and_no_other() {
        use kube::client::Body;
        let service = tower::service_fn(|request: http::Request<Body>| async move {
            let told = format!("{:?}", request.headers());
            let body = serde_json::json!({"told": told}).to_string();
            Ok::<_, std::convert::Infallible>(http::Response::new(Body::from(body.into_bytes())))
        });
        let base = kube::Client::new(service, "default");
        let ann = person("ann", Provider::Oidc, &["team"]);
        let own = client(base, headers(&ann, Impersonation::User).unwrap());
        let request = http::Request::get("/api/v1/pods")
            .header("Impersonate-User", "root")
            .header("Impersonate-Extra-scopes", "all")
            .body(Vec::new())
            .unwrap();
        let told: serde_json::Value = own.request(request).await.unwrap();
        let told = told["told"].as_str().unwrap();
        assert!(
            told.contains("\"ann\"") && told.contains("\"team\""),
            "{told}"
        );
        assert!(!told.contains("root") && !told.contains("extra"), "{told}");
    }
}
