//! `completion`: scripts for shells, and kubectl's own protocol for its plugins.
//!
//! kubectl completes `kubectl lens …` by running `kubectl_complete-lens …` with the words typed so
//! far. It answers a candidate a line, a tab before its description, and at last `:` with a number
//! that says what the shell may add.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use super::print;
use crate::{
    cli::{Cli, CompletionArgs, CompletionTarget},
    exit::ExitStatus,
    failure::Failure,
    render::Printout,
    settings::OutputSettings,
    terminal::{Streams, printable},
};

/// The name that kubectl looks for on PATH.
const PROTOCOL_NAME: &str = "kubectl_complete-lens";
/// The shell adds no file names of its own: candidates hold them where they fit.
const NO_FILES: &str = ":4";

pub(super) fn run(args: &CompletionArgs, output: &OutputSettings) -> Result<ExitStatus, Failure> {
    let shell = match args.target {
        CompletionTarget::Bash => Shell::Bash,
        CompletionTarget::Elvish => Shell::Elvish,
        CompletionTarget::Fish => Shell::Fish,
        CompletionTarget::PowerShell => Shell::PowerShell,
        CompletionTarget::Zsh => Shell::Zsh,
        CompletionTarget::Install => return install(args.dir.as_deref(), output),
    };
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Cli::command().bin_name("kubectl-lens"),
        "kubectl-lens",
        &mut script,
    );
    print(output, |_| {
        Ok(Printout::Exact(
            String::from_utf8_lossy(&script).into_owned(),
        ))
    })?;
    Ok(ExitStatus::Answered)
}

/// Whether kubectl runs the program for candidates.
pub(super) fn is_asked_by_kubectl(words: &[OsString]) -> bool {
    let name = words
        .first()
        .and_then(|program| Path::new(program).file_stem());
    name == Some(OsStr::new(PROTOCOL_NAME))
}

/// Answers with candidates. What goes wrong gives none: completion never speaks of errors.
pub(super) fn answer_kubectl(words: Vec<OsString>) -> ExitStatus {
    let last = words.len().saturating_sub(1);
    let mut command = Cli::command();
    let here = std::env::current_dir().ok();
    let candidates = clap_complete::engine::complete(&mut command, words, last, here.as_deref())
        .unwrap_or_default();
    let mut answer = String::new();
    for candidate in candidates
        .iter()
        .filter(|candidate| !candidate.is_hide_set())
    {
        answer.push_str(&printable(&candidate.get_value().to_string_lossy()));
        if let Some(help) = candidate.get_help() {
            answer.push('\t');
            answer.push_str(help.to_string().lines().next().unwrap_or_default());
        }
        answer.push('\n');
    }
    answer.push_str(NO_FILES);
    answer.push('\n');
    let _ = Streams::exact(&answer);
    ExitStatus::Answered
}

/// Puts `kubectl_complete-lens` where kubectl finds it.
fn install(dir: Option<&Path>, output: &OutputSettings) -> Result<ExitStatus, Failure> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let dir: PathBuf = match dir.or_else(|| program.parent()) {
        Some(dir) => dir.to_owned(),
        None => {
            return Err(Failure::new("this program's own folder is not known").way_out("--dir DIR"));
        }
    };
    let link = dir.join(format!("{PROTOCOL_NAME}{}", std::env::consts::EXE_SUFFIX));
    place(&program, &link).map_err(|failure| {
        failure.way_out("--dir DIR, with a folder that is on PATH and that you may write to")
    })?;
    output
        .streams
        .message(&format!("installed {}\n", link.display()));
    if !is_on_path(&dir) {
        let dir = dir.display();
        output.streams.message(&format!(
            "{dir} is not on PATH: kubectl will not find it there\n"
        ));
    }
    Ok(ExitStatus::Answered)
}

fn place(program: &Path, link: &Path) -> Result<(), Failure> {
    let step = || format!("cannot write {}", link.display());
    match std::fs::remove_file(link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(anyhow::Error::new(error).context(step()).into());
        }
        _ => {}
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(program, link).with_context(step)?;
    #[cfg(not(unix))]
    std::fs::copy(program, link).with_context(step)?;
    Ok(())
}

fn is_on_path(dir: &Path) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|known| known == dir))
}

#[cfg(test)]
mod tests {
    use super::is_asked_by_kubectl;

    #[test]
    fn the_programs_name_decides_whether_kubectl_asks() {
        assert!(is_asked_by_kubectl(&[
            "/usr/bin/kubectl_complete-lens".into(),
            "di".into()
        ]));
        assert!(!is_asked_by_kubectl(&["/usr/bin/kubectl-lens".into()]));
        assert!(!is_asked_by_kubectl(&[]));
    }
}
