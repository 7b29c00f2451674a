use std::collections::BTreeMap;

use super::table::{ROUTES, Rule};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Not the API.
    Elsewhere,
    /// A route of the table.
    Route(&'static Rule),
    /// A path of the table, with another method; its own ones.
    Method(&'static str),
    /// No path of the table.
    Nothing,
}

/// Finds the rule of a request. The same matcher as the router's, over the same text.
pub(super) struct Routing {
    paths: matchit::Router<Vec<&'static Rule>>,
    allows: BTreeMap<&'static str, String>,
}

impl Routing {
    /// Over the whole table. A pattern that contradicts another is left out and so answers 404; a
    /// test holds that there is none.
    pub(super) fn new() -> Routing {
        let mut rules: BTreeMap<&'static str, Vec<&'static Rule>> = BTreeMap::new();
        for rule in ROUTES {
            rules.entry(rule.pattern).or_default().push(rule);
        }
        let mut routing = Routing {
            paths: matchit::Router::new(),
            allows: BTreeMap::new(),
        };
        for (pattern, rules) in rules {
            let mut methods: Vec<_> = rules.iter().map(|it| it.method).collect();
            if methods.contains(&"GET") {
                methods.push("HEAD");
            }
            methods.sort_unstable();
            routing.allows.insert(pattern, methods.join(", "));
            if let Err(error) = routing.paths.insert(pattern, rules) {
                tracing::error!("route {pattern} cannot be reached: {error}");
            }
        }
        routing
    }

    /// The rule for a method and a path.
    pub(super) fn find(&self, method: &str, path: &str) -> Asked {
        let below = match path.strip_prefix("/api") {
            Some(below) if below.is_empty() || below.starts_with('/') => below,
            _ => return Asked::Elsewhere,
        };
        let Ok(found) = self.paths.at(below) else {
            return Asked::Nothing;
        };
        let method = if method == "HEAD" { "GET" } else { method };
        if let Some(rule) = found.value.iter().find(|it| it.method == method) {
            return Asked::Route(rule);
        }
        let pattern = found.value.first().map(|it| it.pattern).unwrap_or_default();
        Asked::Method(pattern)
    }

    /// The `Allow` header of a pattern.
    pub(super) fn allow(&self, pattern: &str) -> &str {
        self.allows.get(pattern).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_reached() {
        let routing = Routing::new();
        for rule in ROUTES {
            let path: String = rule.pattern.replace('{', "x").replace('}', "");
            let found = routing.find(rule.method, &format!("/api{path}"));
            assert_eq!(found, Asked::Route(rule), "{path}");
        }
        let mut pairs: Vec<_> = ROUTES.iter().map(|it| (it.pattern, it.method)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), ROUTES.len());
    }

    #[test]
    fn what_is_not_in_the_table_is_not_there() {
        let routing = Routing::new();
        for path in [
            "/api",
            "/api/",
            "/api/nothing",
            "/api/pods/",
            "/api//pods",
            "/api/pods/a/b/c/d",
        ] {
            assert_eq!(routing.find("GET", path), Asked::Nothing, "{path}");
        }
        assert_eq!(routing.find("GET", "/apis"), Asked::Elsewhere);
        assert_eq!(routing.find("DELETE", "/api/pods"), Asked::Method("/pods"));
        assert_eq!(routing.allow("/pods"), "GET, HEAD, POST");
    }
}
