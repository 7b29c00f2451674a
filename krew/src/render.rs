//! Template + archives -> manifest.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::archive::{file_name, sha256};

const TEMPLATE: &str = include_str!("../lens.yaml.template");
const RELEASES: &str = "https://github.com/kubelens/kubelens/releases/download";

/// The manifest of `version`, `v` in front, for the archives in `dir`.
pub(crate) fn render(version: &str, dir: &Path) -> Result<String> {
    let numbers = version.strip_prefix('v').unwrap_or_default();
    if numbers.split('.').count() < 3 || !numbers.starts_with(|first: char| first.is_ascii_digit())
    {
        bail!("`{version}` is not a version: krew wants v1.2.3");
    }
    fill(TEMPLATE, |words| match words {
        ["version"] => Ok(version.to_owned()),
        ["uri", platform] => Ok(format!(
            "{RELEASES}/{version}/{}",
            file_name(version, platform)
        )),
        ["sha256", platform] => sha256(&dir.join(file_name(version, platform))),
        other => bail!(
            "the template asks for `{}`, which is not known",
            other.join(" ")
        ),
    })
}

/// Replaces each `{{ … }}` by what `value` gives for its words.
fn fill(template: &str, value: impl Fn(&[&str]) -> Result<String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (words, after) = after
            .split_once("}}")
            .context("a `{{` of the template is never closed")?;
        out.push_str(before);
        out.push_str(&value(&words.split_whitespace().collect::<Vec<_>>())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{fill, render};

    #[test]
    fn placeholders_are_replaced_by_their_values() {
        let filled = fill("a {{ x }}, {{y z}}.", |words| Ok(words.join("+"))).expect("a text");
        assert_eq!(filled, "a x, y+z.");
        assert!(fill("{{ x", |_| Ok(String::new())).is_err());
    }

    #[test]
    fn a_version_needs_its_v_and_an_archive_must_be_there() {
        assert!(render("0.1.0", Path::new(".")).is_err());
        let error = render("v0.1.0", Path::new("/nonexistent")).expect_err("no archive");
        assert!(format!("{error:#}").contains("kubectl-lens_v0.1.0_linux_amd64.tar.gz"));
    }
}
