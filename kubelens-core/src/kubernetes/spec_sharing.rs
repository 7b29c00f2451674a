//! Pods of one template have the same spec, but for the node and for the name of the token volume that admission
//! adds. It is kept once, and in JSON it is also decoded once: a pod whose spec reads like one that was decoded
//! shortly before has that one.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;
use memchr::memmem::Finder;

use super::{PodSpec, Text};

/// The volume that the ServiceAccount admission plugin adds under a random name.
const TOKEN_VOLUME: &str = "kube-api-access-";
static TOKEN_VOLUMES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TOKEN_VOLUME));

/// How many specs are looked back at, at the least: those that no pod has any more are forgotten beyond that.
const REMEMBERED: usize = 4096;

/// How many texts are looked back at. They are larger than specs, and a miss costs only time.
const REMEMBERED_TEXTS: usize = 256;

/// The field that is another for each pod.
static NODE_NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"nodeName\":\""));

thread_local! {
    static RECENT: RefCell<Specs> = RefCell::default();
    static RECENT_TEXTS: RefCell<HashMap<String, Arc<PodSpec>, RandomState>> = RefCell::default();
}

/// The specs of the pods that were read.
#[derive(Default)]
struct Specs {
    known: HashSet<Arc<PodSpec>, RandomState>,
    /// How many pods still had at the last look.
    in_use: usize,
}

impl Specs {
    fn share(&mut self, spec: PodSpec) -> Arc<PodSpec> {
        if let Some(known) = self.known.get(&spec) {
            return Arc::clone(known);
        }
        if self.known.len() >= REMEMBERED.max(2 * self.in_use) {
            self.known.retain(|spec| Arc::strong_count(spec) > 1);
            self.in_use = self.known.len();
        }
        let fresh = Arc::new(spec);
        self.known.insert(Arc::clone(&fresh));
        fresh
    }
}

/// One shared copy of equal specs.
pub(super) fn share(mut spec: PodSpec) -> Arc<PodSpec> {
    name_token_volume_alike(&mut spec);
    RECENT.with_borrow_mut(|recent| recent.share(spec))
}

/// The shared spec and the node that a spec in JSON names; none if it cannot be decoded.
pub(super) fn read(json: &str) -> Option<(Arc<PodSpec>, Text)> {
    let Some(apart) = Apart::of(json) else {
        let mut spec: PodSpec = serde_json::from_str(json).ok()?;
        let node_name = std::mem::take(&mut spec.node_name);
        return Some((share(spec), node_name));
    };
    let known = RECENT_TEXTS.with_borrow(|recent| recent.get(&apart.common).cloned());
    if let Some(known) = known {
        return Some((known, Text::new(apart.node_name)));
    }
    let mut spec: PodSpec = serde_json::from_str(json).ok()?;
    let node_name = std::mem::take(&mut spec.node_name);
    // Only then was nothing taken out of the text that makes a difference to the spec.
    let is_apart =
        node_name == apart.node_name && name_token_volume_alike(&mut spec) == apart.token_volumes;
    let shared = share(spec);
    if is_apart {
        RECENT_TEXTS.with_borrow_mut(|recent| {
            if recent.len() >= REMEMBERED_TEXTS {
                recent.clear();
            }
            recent.insert(apart.common, Arc::clone(&shared));
        });
    }
    Some((shared, node_name))
}

/// A spec in JSON, with what is each pod's own taken out of the text.
struct Apart<'a> {
    common: String,
    node_name: &'a str,
    /// How many names of token volumes were cut short.
    token_volumes: usize,
}

impl<'a> Apart<'a> {
    /// None if it is not clear which text is the node's name.
    fn of(json: &'a str) -> Option<Self> {
        let (before, node_name, after) = match split_behind(json, &NODE_NAME) {
            None => (json, "", ""),
            Some((before, rest)) => {
                let (node_name, after) = rest.split_once('"')?;
                if node_name.contains('\\') || split_behind(after, &NODE_NAME).is_some() {
                    return None;
                }
                (before, node_name, after)
            }
        };
        let mut apart = Self {
            common: String::with_capacity(json.len()),
            node_name,
            token_volumes: 0,
        };
        apart.keep(before);
        apart.common.push('"');
        apart.keep(after);
        Some(apart)
    }

    /// Adds text without the random ends of the names of token volumes.
    fn keep(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = split_behind(rest, &TOKEN_VOLUMES) {
            self.common.push_str(before);
            self.token_volumes += 1;
            rest = after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
        }
        self.common.push_str(rest);
    }
}

/// Splits behind the first place of a mark.
fn split_behind<'a>(text: &'a str, mark: &Finder<'_>) -> Option<(&'a str, &'a str)> {
    let at = mark.find(text.as_bytes())?;
    text.split_at_checked(at + mark.needle().len())
}

/// Forgets the specs of a finished read.
pub(super) fn forget() {
    RECENT.take();
    RECENT_TEXTS.with_borrow_mut(HashMap::clear);
}

/// Returns how many names were changed.
fn name_token_volume_alike(spec: &mut PodSpec) -> usize {
    let alike = Text::new("kube-api-access");
    let mut changed = 0;
    for volume in spec.volumes.iter_mut() {
        if volume.name.starts_with(TOKEN_VOLUME) {
            volume.name = alike.clone();
            changed += 1;
        }
    }
    for container in spec
        .init_containers
        .iter_mut()
        .chain(spec.containers.iter_mut())
    {
        for mount in container.volume_mounts.iter_mut() {
            if mount.name.starts_with(TOKEN_VOLUME) {
                mount.name = alike.clone();
                changed += 1;
            }
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::{Interning, Pod};

    fn pod(node: &str, token: &str, value: &str) -> Pod {
        let json = format!(
            r#"{{"metadata":{{"name":"web"}},"spec":{{"volumes":[{{"name":"kube-api-access-{token}"}}],"containers":[{{
                "name":"app","env":[{{"name":"TOKEN","value":"{value}"}}],
                "volumeMounts":[{{"name":"kube-api-access-{token}","mountPath":"/token"}}]}}],"nodeName":"{node}"}}}}"#
        );
        Pod::from_json(&json).unwrap()
    }

    #[test]
    fn pods_that_differ_in_node_and_token_share_a_spec_and_keep_their_node() {
        let _scope = Interning::begin();
        let (one, other) = (pod("n1", "x7k2p", "a"), pod("n2", "9qq8z", "a"));
        assert!(Arc::ptr_eq(&one.spec, &other.spec));
        assert_eq!(
            (one.node_name.as_str(), other.node_name.as_str()),
            ("n1", "n2")
        );
        assert_eq!(one.spec.volumes[0].name, "kube-api-access");
    }

    #[test]
    fn what_only_looks_like_a_token_or_a_node_keeps_specs_apart() {
        let _scope = Interning::begin();
        let value = |pod: &Pod| pod.spec.containers[0].env[0].value.clone();
        let (one, other) = (
            pod("n1", "x7k2p", "kube-api-access-abcde"),
            pod("n1", "x7k2p", "kube-api-access-fghij"),
        );
        assert_eq!(value(&one), "kube-api-access-abcde");
        assert_eq!(value(&other), "kube-api-access-fghij");
        let nested = |node: &str| {
            let json = format!(
                r#"{{"metadata":{{"name":"a"}},"spec":{{"hostname":"h","unknown":{{"nodeName":"{node}"}}}}}}"#
            );
            Pod::from_json(&json).unwrap()
        };
        assert_eq!([nested("n1").node_name, nested("n2").node_name], ["", ""]);
    }

    #[test]
    fn a_pod_reads_alike_whether_its_spec_was_seen_before_or_not() {
        let json = r#"{"metadata":{"name":"web"},"spec":{"nodeName":"n1","hostNetwork":true},"status":{"phase":"Running"}}"#;
        let plain: Pod = serde_json::from_str(json).unwrap();
        let _scope = Interning::begin();
        for _ in 0..2 {
            assert_eq!(Pod::from_json(json).unwrap(), plain);
        }
        let unset = Pod::from_json(r#"{"metadata":{"name":"web"}}"#).unwrap();
        assert_eq!(*unset.spec, PodSpec::default());
    }

    #[test]
    fn a_spec_that_cannot_be_decoded_is_told_with_its_place() {
        let json = "{\"metadata\":{\"name\":\"web\"},\n\"spec\":{\"priority\":\"high\"}}";
        let error = Pod::from_json(json).unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 25));
    }
}
