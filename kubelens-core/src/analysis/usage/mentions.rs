//! Names that stand in free text: command lines, variables, annotations of Ingresses, fields of custom resources.
//!
//! `--default-ssl-certificate=web/tls` uses Secret `tls` of namespace `web`, though no field of the API says so.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Usage;
use super::pods::every_spec;
use crate::kubernetes::{Ingress, Kind, Text};
use crate::snapshot::Cluster;

/// The kinds that free text may name.
const KINDS: [Kind; 5] = [
    Kind::ConfigMap,
    Kind::Secret,
    Kind::ServiceAccount,
    Kind::PersistentVolumeClaim,
    Kind::Role,
];

/// The kinds without a namespace that custom resources may name.
const CLASSES: [Kind; 6] = [
    Kind::ClusterRole,
    Kind::StorageClass,
    Kind::PriorityClass,
    Kind::IngressClass,
    Kind::RuntimeClass,
    Kind::PersistentVolume,
];

/// Every name there is, so that only words that are one are kept.
struct Names<'a> {
    /// By name: where objects of that name are.
    places: HashMap<&'a str, Vec<(Kind, &'a Text)>>,
    namespaces: HashSet<&'a str>,
}

/// Marks what free text names.
pub(super) fn collect(cluster: &Cluster<'_>, usage: &mut Usage) {
    let names = Names::of(cluster);
    every_spec(cluster, |namespace, spec| {
        for (_, container) in spec.all_containers() {
            let words = container.command.iter().chain(container.args.iter());
            let values = container.env.iter().map(|variable| &variable.value);
            for text in words.chain(values) {
                names.mark_in(text, Some(namespace), usage);
            }
        }
    });
    for ingress in cluster.all::<Ingress>() {
        for (_, text) in ingress.metadata.annotations.iter() {
            names.mark_in(text, Some(&ingress.metadata.namespace), usage);
        }
    }
    for object in cluster.all_custom() {
        // A resource of the cluster names objects anywhere.
        let namespace = Some(&object.metadata.namespace).filter(|own| !own.is_empty());
        names.mark_all(&object.spec, namespace, usage);
        names.mark_all(&object.status, namespace, usage);
    }
}

impl<'a> Names<'a> {
    fn of(cluster: &Cluster<'a>) -> Self {
        let mut places: HashMap<&'a str, Vec<(Kind, &'a Text)>> = HashMap::new();
        let mut namespaces = HashSet::new();
        for kind in KINDS.into_iter().chain(CLASSES) {
            for meta in cluster.all_metadata(kind) {
                namespaces.insert(meta.namespace.as_str());
                let known = places.entry(meta.name.as_str()).or_default();
                known.push((kind, &meta.namespace));
            }
        }
        Self { places, namespaces }
    }

    /// Marks every name in a text: of the namespace that stands before it, `web/tls`, or else of its own; with no
    /// namespace of its own, of any.
    fn mark_in(&self, text: &str, own: Option<&Text>, usage: &mut Usage) {
        let mut before: Option<&str> = None;
        for word in text.split(|character: char| {
            !character.is_ascii_alphanumeric() && !matches!(character, '.' | '-' | ':')
        }) {
            for word in [word, word.trim_matches(['.', '-', ':'])] {
                for (kind, namespace) in self.places.get(word).into_iter().flatten() {
                    let fits = namespace.is_empty()
                        || own.is_none_or(|own| own == *namespace)
                        || before == Some(namespace.as_str());
                    if fits {
                        usage.mark(*kind, namespace, word);
                    }
                }
            }
            before = Some(word).filter(|word| self.namespaces.contains(word));
        }
    }

    fn mark_all(&self, value: &Value, own: Option<&Text>, usage: &mut Usage) {
        // Depth is bounded by the decoder.
        match value {
            Value::String(text) => self.mark_in(text, own, usage),
            Value::Array(items) => {
                let nested = items.iter();
                nested.for_each(|item| self.mark_all(item, own, usage));
            }
            Value::Object(fields) => {
                let namespace = fields
                    .get("namespace")
                    .and_then(Value::as_str)
                    .map(Text::new);
                let own = namespace.as_ref().filter(|name| !name.is_empty()).or(own);
                let nested = fields.values();
                nested.for_each(|field| self.mark_all(field, own, usage));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
