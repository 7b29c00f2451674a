//! Image names that no runtime can read.

use crate::analysis::Sighting;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Workload;

/// A container whose image has no name, or one with capital letters or blanks in the repository.
pub(super) fn check(workload: &Workload<'_>, seen: &mut Vec<(&'static str, Sighting)>) {
    let own = workload.reference();
    for (_, container) in workload.pod_spec().all_containers() {
        let image = container.image.as_str();
        let Some(flaw) = flaw(image) else {
            continue;
        };
        seen.push((
            "IMG001",
            Sighting::of(
                own.clone(),
                format!("{own} names an image that cannot exist: `{image}`"),
                format!("Container `{}` cannot start: {flaw}.", container.name),
            )
            .in_container(&container.name)
            .evidence(Evidence::field(
                own.clone(),
                &format!(
                    "{}.containers[{}].image",
                    workload.pod_spec_path(),
                    container.name
                ),
                image,
            ))
            .suggest(Suggestion::advice("Correct the image's name")),
        ));
    }
}

/// What is wrong with an image name beyond doubt. Grammar: `distribution/reference`.
fn flaw(image: &str) -> Option<&'static str> {
    if image.is_empty() {
        return Some("it is empty");
    }
    if image
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control())
    {
        return Some("there is a blank in it");
    }
    let name = image.split('@').next().unwrap_or_default();
    let path = match name.split_once('/') {
        // A registry's host may have capitals and a port.
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => name,
    };
    let repository = path
        .rsplit_once(':')
        .map_or(path, |(repository, _)| repository);
    if repository.is_empty() {
        return Some("its repository has no name");
    }
    repository
        .chars()
        .any(char::is_uppercase)
        .then_some("its repository has capital letters")
}

#[cfg(test)]
mod tests {
    use super::flaw;

    #[test]
    fn only_names_that_no_runtime_reads_are_flawed() {
        for image in [
            "web",
            "web:1.0-RC1",
            "registry.example.com:5000/shop/web@sha256:0123",
            "Registry.example.com/web:V2",
            "localhost/web",
        ] {
            assert_eq!(flaw(image), None, "{image}");
        }
        for image in [
            "",
            "Shop/web:1",
            "shop/web :1",
            "registry.example.com/Web",
            "a.b/:1",
        ] {
            assert!(flaw(image).is_some(), "{image}");
        }
    }
}
