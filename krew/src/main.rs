//! Fills in and checks the manifest by which krew installs kubectl-lens.
//!
//! ```text
//! krew/render v0.1.0 dist > lens.yaml     fill the template in for the archives in dist
//! krew/check [lens.yaml dist]             check a manifest against its archives; without words,
//!                                         check the template over archives made for the purpose
//! ```

mod archive;
mod check;
mod manifest;
mod render;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match carry_out(&words) {
        Ok(answer) => {
            let written = std::io::stdout().write_all(answer.as_bytes());
            if written.is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(words: &[&str]) -> Result<String> {
    match words {
        ["render", version, archives] => render::render(version, Path::new(archives)),
        ["check", manifest, archives] => {
            let text = std::fs::read_to_string(manifest)
                .with_context(|| format!("cannot read {manifest}"))?;
            told(&check::complaints(&text, Path::new(archives))?, manifest)
        }
        ["check"] => {
            let archives = Scratch::new()?;
            archive::make_samples("v0.0.0", &archives.0)?;
            let text = render::render("v0.0.0", &archives.0)?;
            told(&check::complaints(&text, &archives.0)?, "the template")
        }
        _ => bail!("usage: render VERSION ARCHIVES | check [MANIFEST ARCHIVES]"),
    }
}

fn told(complaints: &[String], what: &str) -> Result<String> {
    if complaints.is_empty() {
        return Ok(format!("{what}: fine\n"));
    }
    bail!(
        "{what} has {} faults:\n  {}",
        complaints.len(),
        complaints.join("\n  ")
    )
}

/// A folder that goes when it is no longer needed.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("kubelens-krew-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind in the place for temporary files hurts nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::carry_out;

    #[test]
    fn the_template_passes_its_own_check() {
        assert_eq!(
            carry_out(&["check"]).map_err(|error| format!("{error:#}")),
            Ok("the template: fine\n".into())
        );
    }

    #[test]
    fn other_words_show_the_usage() {
        assert!(carry_out(&["publish"]).is_err());
    }
}
