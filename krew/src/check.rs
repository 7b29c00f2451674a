//! What krew's own checks and the review of its index ask of a manifest.

use std::path::Path;

use anyhow::{Context, Result};

use crate::{
    archive,
    manifest::{Platform, Plugin},
};

/// Longest short description that krew's index takes without a remark.
const LONGEST_SHORT: usize = 50;

/// What is wrong with the manifest; its archives lie in `archives`.
pub(crate) fn complaints(text: &str, archives: &Path) -> Result<Vec<String>> {
    let plugin: Plugin = serde_saphyr::from_str(text).context("the manifest cannot be read")?;
    let mut found = Vec::new();
    let mut ask = |holds: bool, complaint: String| {
        if !holds {
            found.push(complaint);
        }
    };
    ask(
        plugin.api_version == "krew.googlecontainertools.github.com/v1alpha2"
            && plugin.kind == "Plugin",
        format!("it is a {} {}", plugin.api_version, plugin.kind),
    );
    ask(
        plugin.metadata.name == "lens",
        format!("its name is {}", plugin.metadata.name),
    );
    let spec = &plugin.spec;
    ask(
        spec.version.starts_with('v'),
        format!("version {} has no v in front", spec.version),
    );
    ask(
        spec.homepage.starts_with("https://"),
        "homepage is no https address".into(),
    );
    ask(
        !spec.description.trim().is_empty(),
        "description is empty".into(),
    );
    let short = spec.short_description.trim();
    ask(
        !short.is_empty()
            && !spec.short_description.contains('\n')
            && short.chars().count() <= LONGEST_SHORT,
        format!("shortDescription must be one line of at most {LONGEST_SHORT} characters"),
    );
    ask(
        !short.ends_with('.'),
        "shortDescription ends with a full stop".into(),
    );
    ask(!spec.platforms.is_empty(), "it has no platform".into());
    found.extend(overlaps(&spec.platforms));
    for platform in &spec.platforms {
        found.extend(platform_complaints(platform, archives)?);
    }
    Ok(found)
}

/// Pairs of selectors that one machine could match both of.
fn overlaps(platforms: &[Platform]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, one) in platforms.iter().enumerate() {
        for other in platforms.iter().skip(place + 1) {
            let (a, b) = (&one.selector.match_labels, &other.selector.match_labels);
            let can_tell = a
                .iter()
                .any(|(label, value)| b.get(label).is_some_and(|theirs| theirs != value));
            if !can_tell {
                found.push(format!("two selectors overlap: {a:?} and {b:?}"));
            }
        }
    }
    found
}

fn platform_complaints(platform: &Platform, archives: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let labels = &platform.selector.match_labels;
    let name = labels
        .values()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("/");
    for (label, known) in [
        ("os", ["linux", "darwin", "windows"].as_slice()),
        ("arch", &["amd64", "arm64"]),
    ] {
        if !labels
            .get(label)
            .is_some_and(|value| known.contains(&value.as_str()))
        {
            found.push(format!("{name}: selector has no {label} of {known:?}"));
        }
    }
    if !platform.uri.starts_with("https://") {
        found.push(format!("{name}: uri is no https address"));
    }
    let is_digest = platform.sha256.len() == 64
        && platform
            .sha256
            .chars()
            .all(|digit| digit.is_ascii_digit() || ('a'..='f').contains(&digit));
    if !is_digest {
        found.push(format!(
            "{name}: sha256 is not 64 lower-case hexadecimal digits"
        ));
    }
    let file = platform.uri.rsplit('/').next().unwrap_or_default();
    let path = archives.join(file);
    if is_digest && archive::sha256(&path)? != platform.sha256 {
        found.push(format!("{name}: sha256 is not that of {file}"));
    }
    let members = archive::members(&path)?;
    for wanted in [platform.bin.as_str(), "LICENSE"] {
        if !members.iter().any(|member| member == wanted) {
            found.push(format!("{name}: {file} does not hold {wanted}"));
        }
        if !platform
            .files
            .iter()
            .any(|moved| moved.from == wanted && moved.to == ".")
        {
            found.push(format!("{name}: files does not install {wanted}"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::complaints;
    use crate::{archive::make_samples, render::render};

    /// What is found after `change` was made to a good manifest.
    fn after(change: impl Fn(&str) -> String) -> String {
        let dir = tempfile::tempdir().expect("a folder");
        make_samples("v1.2.3", dir.path()).expect("archives");
        let good = render("v1.2.3", dir.path()).expect("a manifest");
        let changed = change(&good);
        assert_ne!(changed, good, "the change must change something");
        complaints(&changed, dir.path())
            .map_or_else(|error| format!("{error:#}"), |found| found.join("\n"))
    }

    #[test]
    fn digests_must_be_lower_case_and_right() {
        let upper = after(|text| {
            text.lines()
                .map(|line| {
                    if line.contains("sha256:") {
                        line.to_uppercase().replace("SHA256", "sha256")
                    } else {
                        line.to_owned()
                    }
                })
                .collect::<Vec<_>>()
                .join("\n")
        });
        assert!(
            upper.contains("linux/amd64") || upper.contains("amd64/linux"),
            "{upper}"
        );
        assert!(
            upper.contains("not 64 lower-case hexadecimal digits"),
            "{upper}"
        );
        let other = "0".repeat(64);
        let wrong = after(|text| {
            let digest = text
                .split("sha256: ")
                .nth(1)
                .and_then(|rest| rest.lines().next())
                .expect("a digest");
            text.replacen(digest, &other, 1)
        });
        assert!(
            wrong.contains("sha256 is not that of kubectl-lens_v1.2.3_linux_amd64.tar.gz"),
            "{wrong}"
        );
    }

    #[test]
    fn selectors_must_not_overlap() {
        let found =
            after(|text| text.replacen("{os: linux, arch: arm64}", "{os: linux, arch: amd64}", 1));
        assert!(found.contains("two selectors overlap"), "{found}");
        let open = after(|text| text.replacen("{os: linux, arch: arm64}", "{os: linux}", 1));
        assert!(
            open.contains("two selectors overlap") && open.contains("no arch"),
            "{open}"
        );
    }

    #[test]
    fn the_license_must_be_installed() {
        let found = after(|text| text.replacen("    - {from: LICENSE, to: .}\n", "", 1));
        assert!(found.contains("files does not install LICENSE"), "{found}");
    }

    #[test]
    fn the_short_description_is_one_line() {
        let found = after(|text| {
            text.replacen(
                "shortDescription: Find",
                "shortDescription: \"a\\nb\" # ",
                1,
            )
        });
        assert!(found.contains("one line"), "{found}");
        let long = after(|text| {
            text.replacen(
                "shortDescription: Find",
                &format!("shortDescription: {} ", "very ".repeat(12)),
                1,
            )
        });
        assert!(long.contains("one line"), "{long}");
    }

    #[test]
    fn a_field_that_krew_does_not_know_is_an_error() {
        let found = after(|text| text.replacen("  homepage:", "  homePage: x\n  homepage:", 1));
        assert!(found.contains("cannot be read"), "{found}");
    }
}
