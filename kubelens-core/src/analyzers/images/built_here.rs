//! Images that builds in the cluster itself are to make.

use super::image_name::ImageName;
use crate::kubernetes::CustomObject;
use crate::snapshot::Cluster;

/// The registry of OpenShift itself, by its Service.
const OWN_REGISTRY: &str = "image-registry.openshift-image-registry.svc";

/// The builds of OpenShift whose output an image is. A name without a registry stands for an image stream of the
/// namespace.
pub(super) fn builds_of<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    image: &ImageName<'_>,
) -> Vec<&'a CustomObject> {
    let (space, stream) = match image.repository.split_once('/') {
        None => (namespace, image.repository),
        Some((space, stream)) if image.registry.starts_with(OWN_REGISTRY) => (space, stream),
        Some(_) => return Vec::new(),
    };
    let output = format!("{stream}:{}", image.tag);
    cluster
        .customs("build.openshift.io", "Build")
        .filter(|build| {
            build.metadata.namespace == *space
                && build.spec_text("/output/to/kind") == "ImageStreamTag"
                && build.spec_text("/output/to/name") == output
        })
        .collect()
}
