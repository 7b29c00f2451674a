//! What drivers publish in ResourceSlices, against what a claim's selectors compare with a text.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{CustomObject, Pod};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// A text that a claim wants an attribute to be, and that it is on no device.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// The claim or the template that asks.
    pub(super) claim: ObjectRef,
    /// Where in it.
    pub(super) path: String,
    /// The whole selector.
    pub(super) expression: String,
    pub(super) attribute: String,
    pub(super) wanted: String,
    /// What the attribute is instead, each value once.
    pub(super) offered: BTreeSet<String>,
    /// The devices that have it: slice, name, value.
    pub(super) devices: Vec<(ObjectRef, String, String)>,
}

/// `device.attributes["gpu.example.com"].model == "small"`.
static EQUALS: Pattern = Pattern::new(
    r#"device\.attributes\[["']([^"']+)["']\]\.([A-Za-z0-9_]+)\s*==\s*["']([^"']*)["']"#,
);

/// The first comparison of the claims of a pod that no published device meets. Of an expression with alternatives or a
/// negation nothing is known.
pub(super) fn mismatch(cluster: &Cluster<'_>, pod: &Pod) -> Option<Mismatch> {
    if cluster.custom("ResourceSlice").is_empty() {
        return None;
    }
    claims_of(cluster, pod)
        .into_iter()
        .find_map(|(claim, prefix)| {
            let devices = claim.spec.pointer(&format!("{prefix}/devices/requests"))?;
            let requests = devices.as_array()?.iter().enumerate();
            requests
                .flat_map(|(at, request)| selectors(request).map(move |one| (at, one)))
                .filter(|(_, expression)| !expression.contains("||") && !expression.contains('!'))
                .find_map(|(at, expression)| {
                    EQUALS.all_captures(expression).find_map(|found| {
                        let part = |at| found.get(at).map(|part| part.as_str());
                        let (domain, name, wanted) = (part(1)?, part(2)?, part(3)?);
                        let devices = devices_with(cluster, domain, name);
                        let is_there = devices.iter().any(|(_, _, value)| value == wanted);
                        (!devices.is_empty() && !is_there).then(|| Mismatch {
                            claim: claim.reference(),
                            path: format!(
                                "spec{}.devices.requests[{at}].selectors",
                                prefix.replace('/', ".")
                            ),
                            expression: expression.to_owned(),
                            attribute: name.to_owned(),
                            wanted: wanted.to_owned(),
                            offered: devices.iter().map(|(_, _, value)| value.clone()).collect(),
                            devices,
                        })
                    })
                })
        })
}

/// The templates and claims that a pod names, each with the way to its spec.
fn claims_of<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<(&'a CustomObject, &'static str)> {
    let find = |kind: &'static str, name: &str| -> Option<&'a CustomObject> {
        let all = cluster.custom(kind).iter();
        let mut own = all.filter(|object| object.metadata.namespace == pod.metadata.namespace);
        own.find(|object| object.metadata.name == *name)
            .map(|object| &**object)
    };
    let claims = pod.spec.resource_claims.iter();
    claims
        .filter_map(|claim| {
            let template = claim.resource_claim_template_name.non_empty();
            let template = template.and_then(|name| find("ResourceClaimTemplate", name));
            template.map(|template| (template, "/spec")).or_else(|| {
                let name = claim.resource_claim_name.non_empty()?;
                Some((find("ResourceClaim", name)?, ""))
            })
        })
        .collect()
}

/// The selectors of a request, in the forms of v1 and of the betas. One of `firstAvailable` may be met by the next.
fn selectors(request: &Value) -> impl Iterator<Item = &str> {
    let exactly = request.get("exactly").unwrap_or(request);
    let all = exactly.get("selectors").and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .filter_map(|selector| selector.pointer("/cel/expression")?.as_str())
}

/// The devices that have a textual attribute of a domain: that of their driver, or one that is spelled out.
fn devices_with(
    cluster: &Cluster<'_>,
    domain: &str,
    name: &str,
) -> Vec<(ObjectRef, String, String)> {
    let qualified = format!("{domain}/{name}");
    let slices = cluster.custom("ResourceSlice").iter();
    slices
        .flat_map(|slice| devices(slice).map(move |device| (slice, device)))
        .filter_map(|(slice, device)| {
            let is_drivers = slice
                .spec
                .get("driver")
                .is_some_and(|driver| driver == domain);
            let basic = device.get("basic").unwrap_or(device);
            let attributes = basic.get("attributes")?;
            let value = attributes
                .get(&qualified)
                .or_else(|| attributes.get(name).filter(|_| is_drivers))?;
            let value = value.get("string")?.as_str()?.to_owned();
            let device = device
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Some((slice.reference(), device.to_owned(), value))
        })
        .collect()
}

fn devices(slice: &CustomObject) -> impl Iterator<Item = &Value> {
    let all = slice.spec.get("devices").and_then(Value::as_array);
    all.into_iter().flatten()
}

/// `, 8 devices, 3 of them allocated`; empty where no slice lists any.
pub(super) fn count(cluster: &Cluster<'_>) -> String {
    let slices = cluster.custom("ResourceSlice").iter();
    let there: usize = slices.map(|slice| devices(slice).count()).sum();
    let claims = cluster.custom("ResourceClaim").iter();
    let taken: usize = claims
        .filter_map(|claim| {
            claim
                .status
                .pointer("/allocation/devices/results")?
                .as_array()
        })
        .map(Vec::len)
        .sum();
    if there == 0 {
        return String::new();
    }
    format!(
        ", {}, {taken} of them allocated",
        crate::model::counted(there, "device")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    fn found(expression: &str) -> Option<(String, String)> {
        let claim = serde_json::json!({"apiVersion": "resource.k8s.io/v1beta1", "kind": "ResourceClaim",
            "metadata": {"name": "one", "namespace": "ml"},
            "spec": {"devices": {"requests": [{"name": "gpu", "selectors": [{"cel": {"expression": expression}}]}]}}});
        let text = format!(
            "apiVersion: resource.k8s.io/v1beta1\nkind: ResourceSlice\nmetadata: {{name: n1}}\nspec: {{driver: gpu.example.com, devices: [{{name: a, basic: {{attributes: {{model: {{string: big}}, other.example.com/model: {{string: odd}}}}}}}}]}}\n---\n{claim}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: ml}}\nspec: {{resourceClaims: [{{name: gpu, resourceClaimName: one}}], containers: [{{name: c}}]}}\n"
        );
        let picture = picture(&text);
        let cluster = Cluster::new(&picture);
        let pod = cluster.get::<Pod>("ml", "p")?;
        mismatch(&cluster, pod).map(|found| (found.wanted, found.offered.into_iter().collect()))
    }

    #[test]
    fn a_text_that_no_device_has_is_found_and_nothing_that_may_be_met() {
        let own = "device.attributes['gpu.example.com'].model";
        assert_eq!(
            found(&format!("{own} == 'small'")),
            Some(("small".to_owned(), "big".to_owned()))
        );
        assert_eq!(
            found("device.attributes[\"other.example.com\"].model == \"big\""),
            Some(("big".to_owned(), "odd".to_owned()))
        );
        for met in [
            format!("{own} == 'big'"),
            format!("{own} == 'small' || {own} == 'big'"),
            format!("!({own} == 'small')"),
            "device.attributes['gpu.example.com'].memory == 'small'".to_owned(),
        ] {
            assert_eq!(found(&met), None, "{met}");
        }
    }
}
