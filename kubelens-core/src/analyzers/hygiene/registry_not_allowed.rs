use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::images::image_name::ImageName;
use crate::analyzers::standing_workload::{container_path, stands};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// The user has a list of registries that images may come from, and an image comes from elsewhere.
    ///
    /// # Fires on
    /// ```yaml
    /// # registries: registry.acme.io, ghcr.io/acme
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, image: "nginx:1.27"}]}}}
    /// ```
    /// A path is a whole one:
    /// ```yaml
    /// # registries: ghcr.io/acme
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, image: "ghcr.io/acme-evil/web:1"}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # registries: registry.acme.io:5000, ghcr.io/acme, docker.io/library, *.cr.acme.io
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers: [{name: wait, image: busybox}]
    ///       containers: [{name: web, image: "ghcr.io/acme/web:1"}, {name: log, image: "registry.acme.io:5000/log"}, {name: a, image: "eu.cr.acme.io/a:1"}]
    /// ```
    /// Without a list there is no rule:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, image: "nginx:1.27"}]}}}
    /// ```
    ///
    /// # How to fix
    /// Take the image from an allowed registry, or add its registry to the list.
    ///
    /// # What it cannot know
    /// Mirrors that a node's container runtime puts in the registry's place.
    ///
    /// # Source
    /// `image` of core/v1 Container; the user's list. A host of the list covers all below it, `host/path` what
    /// is below that path, `*.domain` every host of the domain.
    HYG003 "registry-not-allowed" {
        role: Root,
        severity: Warning,
        confidence: 0.99,
        reads: [],
        maps_to: ["POP-113"],
        profiles: [Hygiene],
        check: Workload(check),
    }
}

/// Containers that are shown as proof.
const MOST_SHOWN: usize = 4;

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let allowed = cluster.registries();
    if allowed.is_empty() || !stands(workload) {
        return;
    }
    let foreign: Vec<_> = workload
        .pod_spec()
        .all_containers()
        .filter(|(_, container)| !container.image.is_empty())
        .filter(|(_, container)| !allowed.iter().any(|one| covers(one, &container.image)))
        .collect();
    let Some((_, first)) = foreign.first() else {
        return;
    };
    let own = workload.reference();
    let host = registry(&ImageName::parse(&first.image)).to_owned();
    let proof = foreign.iter().take(MOST_SHOWN).map(|(role, container)| {
        let path = format!("{}.image", container_path(workload, *role, container));
        Evidence::field(own.clone(), &path, &container.image)
    });
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} runs an image of {host}, which is no allowed registry"),
            format!("Images may come from {}.", some_of(allowed, 4)),
        )
        .all_evidence(proof)
        .suggest(Suggestion::advice(format!(
            "Take the image from an allowed registry, or allow {host}"
        )))
        .grouped(
            host.clone(),
            format!("workloads run images of {host}, which is no allowed registry"),
        ),
    );
}

/// The registry's host under its one name: Docker Hub has several.
fn registry<'a>(name: &ImageName<'a>) -> &'a str {
    match name.registry {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker.io",
        other => other,
    }
}

/// Whether an entry of the list covers an image.
fn covers(entry: &str, image: &str) -> bool {
    let name = ImageName::parse(image);
    let host = registry(&name);
    let entry = entry.trim_end_matches('/');
    if let Some(domain) = entry.strip_prefix("*.") {
        return host
            .strip_suffix(domain)
            .is_some_and(|left| left.ends_with('.'));
    }
    // Official images of Docker Hub are written without their folder.
    let folder = if host == "docker.io" && !name.repository.contains('/') {
        "library/"
    } else {
        ""
    };
    let full = format!("{host}/{folder}{}", name.repository);
    full.strip_prefix(entry)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
