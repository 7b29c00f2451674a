use glob::{Pattern, PatternError};

use crate::model::ObjectRef;

/// Names objects: `KIND/NAMESPACE/NAME`, or `KIND/NAME` in any namespace or in none.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectPattern {
    kind: Pattern,
    namespace: Option<Pattern>,
    name: Pattern,
}

impl ObjectPattern {
    /// The pattern that `text` is, or what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            Pattern::new(part).map_err(|error: PatternError| format!("`{part}`: {error}"))
        };
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [kind, name] if !kind.is_empty() && !name.is_empty() => Ok(Self {
                kind: part(kind)?,
                namespace: None,
                name: part(name)?,
            }),
            [kind, namespace, name] if !kind.is_empty() && !name.is_empty() => Ok(Self {
                kind: part(kind)?,
                namespace: Some(part(namespace)?),
                name: part(name)?,
            }),
            _ => Err("it is written KIND/NAMESPACE/NAME or KIND/NAME".to_owned()),
        }
    }

    /// Whether it names this object.
    pub fn names(&self, object: &ObjectRef) -> bool {
        let namespace = object.namespace.as_deref().unwrap_or_default();
        self.kind.matches(&object.kind)
            && self.name.matches(&object.name)
            && self
                .namespace
                .as_ref()
                .is_none_or(|pattern| pattern.matches(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_by_kind_namespace_and_name() {
        let web = ObjectRef::namespaced("apps/v1", "Deployment", "shop", "web-1");
        let node = ObjectRef::cluster_scoped("v1", "Node", "worker-1");
        let names = |text: &str, object| ObjectPattern::new(text).expect("a pattern").names(object);
        assert!(names("Deployment/shop/web-*", &web));
        assert!(names("Deployment/web-*", &web));
        assert!(names("*/shop/*", &web));
        assert!(!names("StatefulSet/shop/*", &web));
        assert!(!names("Deployment/bank/*", &web));
        assert!(names("Node/worker-*", &node));
        assert!(names("*/*/*", &node));
        assert!(ObjectPattern::new("web").is_err());
        assert!(ObjectPattern::new("a/b/c/d").is_err());
        assert!(ObjectPattern::new("Pod/[/x").is_err());
    }
}
