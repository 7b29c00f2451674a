use serde_json::{Map, Value};

use crate::access::{Identity, Provider, Role};
use crate::settings;

/// Who a token's claims name: the configured claim first, then the usual ones. Without a role
/// that we know they are a viewer.
pub(super) fn identity(settings: &settings::Oidc, claims: &Map<String, Value>) -> Option<Identity> {
    let subject = text(claims, "sub")?;
    let names = settings.username_claim.as_deref().into_iter();
    let name = names
        .chain(["preferred_username", "email", "name", "sub"])
        .find_map(|claim| text(claims, claim))?;
    let roles = settings.role_claim.as_deref().into_iter();
    let role = roles
        .chain(["roles", "role", "groups"])
        .find_map(|claim| words(claims, claim).filter_map(Role::named).max())
        .unwrap_or(Role::Viewer);
    Some(Identity {
        name: name.to_owned(),
        role,
        provider: Provider::Oidc,
        subject: subject.to_owned(),
        groups: words(claims, "groups").map(str::to_owned).collect(),
    })
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a str> {
    claims
        .get(claim)?
        .as_str()
        .filter(|it| !it.trim().is_empty())
}

/// A string or a list of strings.
fn words<'a>(claims: &'a Map<String, Value>, claim: &str) -> impl Iterator<Item = &'a str> {
    let (one, many) = match claims.get(claim) {
        Some(Value::String(word)) => (Some(word.as_str()), None),
        Some(Value::Array(words)) => (None, Some(words)),
        _ => (None, None),
    };
    one.into_iter()
        .chain(many.into_iter().flatten().filter_map(Value::as_str))
}
