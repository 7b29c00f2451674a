//! One file a verb; here is what all of them share: read the words, run the verb, tell the end.

mod analyzers;
mod completion;
mod diagnose;
mod explain;
mod settle;
mod snapshot;
mod version;
mod watch;
mod why;

use std::ffi::OsString;

use anyhow::Context;
use clap::{CommandFactory, Parser};

use crate::{
    cli::{Cli, Command},
    destination::{self, Destination},
    exit::ExitStatus,
    failure::Failure,
    interrupt, logging,
    render::Printout,
    settings::{Output, OutputSettings},
    terminal::Streams,
};

/// Runs what the words ask for. `words` begins with the program's own name.
pub(crate) fn run(words: Vec<OsString>) -> ExitStatus {
    if completion::is_asked_by_kubectl(&words) {
        return completion::answer_kubectl(words);
    }
    let asked_for = outputs_asked_for(&words);
    let failed = status_of_failures(&words);
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; clap knows which stream each belongs to.
            let _ = error.print();
            return if error.use_stderr() {
                failed
            } else {
                ExitStatus::Answered
            };
        }
    };
    let streams = Streams::new(cli.output.color);
    logging::start(cli.output.verbose, streams);
    if asked_for > cli.output.output.len() {
        let failure = Failure::new("-o stands before and after the verb");
        return tell(
            streams,
            &failure.way_out("write all of them after it"),
            failed,
        );
    }
    let output = match OutputSettings::new(&cli.output) {
        Ok(output) => output,
        Err(failure) => return tell(streams, &failure, failed),
    };
    // TLS has one implementation in here; a second start changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = output.progress.clone();
    let end = interrupt::until_interrupted(carry_out(cli, output));
    progress.stop();
    match end {
        Some(Ok(status)) => status,
        Some(Err(failure)) => tell(streams, &failure, failed),
        None => ExitStatus::Interrupted,
    }
}

/// How many outputs the words ask for. Where `-o` stands on both sides of the verb, clap keeps those
/// after it only, and an output would be lost without a word.
fn outputs_asked_for(words: &[OsString]) -> usize {
    words
        .iter()
        .take_while(|word| *word != "--")
        .map(|word| word.to_string_lossy())
        .filter(|word| {
            word.starts_with("-o") || word == "--output" || word.starts_with("--output=")
        })
        .count()
}

fn tell(streams: Streams, failure: &Failure, status: ExitStatus) -> ExitStatus {
    streams.message(&format!("{failure}\n"));
    status
}

/// What a failure of the verb comes to: for `settle`, 2 has another meaning. Known before the words are
/// understood, since they may not be.
fn status_of_failures(words: &[OsString]) -> ExitStatus {
    let cli = Cli::command();
    let verb = words.iter().skip(1).find(|word| {
        let known = |verb: &clap::Command| *word == verb.get_name();
        cli.get_subcommands().any(known)
    });
    match verb {
        Some(verb) if verb == "settle" => ExitStatus::NotRun,
        _ => ExitStatus::NotAnswered,
    }
}

async fn carry_out(cli: Cli, output: OutputSettings) -> Result<ExitStatus, Failure> {
    match cli.command {
        Command::Diagnose(args) => diagnose::run(args, &cli.connection, &output).await,
        Command::Why(args) => why::run(args, &cli.connection, &output).await,
        Command::Settle(args) => settle::run(args, &cli.connection, &output).await,
        Command::Watch(args) => watch::run(args, &cli.connection, &output).await,
        Command::Explain(args) => explain::run(&args, &output),
        Command::Analyzers(args) => analyzers::run(&args, &output),
        Command::Snapshot(args) => snapshot::run(args, &cli.connection, &output).await,
        Command::Completion(args) => completion::run(&args, &output),
        Command::Version => version::run(&output),
    }
}

/// Prints an answer in every format that was asked for. All are rendered before the first is
/// written: a template that fits nothing leaves no file behind.
fn print(
    settings: &OutputSettings,
    render: impl Fn(&Output) -> Result<Printout, Failure>,
) -> Result<(), Failure> {
    let printouts = settings
        .outputs
        .iter()
        .map(render)
        .collect::<Result<Vec<_>, _>>()?;
    for (output, printout) in settings.outputs.iter().zip(&printouts) {
        write(printout, &output.destination, settings.streams)?;
    }
    Ok(())
}

fn write(printout: &Printout, destination: &Destination, streams: Streams) -> Result<(), Failure> {
    let written = match (destination, printout) {
        (Destination::StandardOutput, Printout::Styled(text)) => streams.data(text),
        (Destination::StandardOutput, Printout::Exact(text)) => Streams::exact(text),
        (Destination::File(path), printout) => {
            let text = match printout {
                // Colours belong to terminals.
                Printout::Styled(text) => &anstream::adapter::strip_str(text).to_string(),
                Printout::Exact(text) => text,
            };
            destination::write_file(path, text)?;
            streams.message(&format!("wrote {}\n", path.display()));
            return Ok(());
        }
    };
    Ok(written.context("cannot write to standard output")?)
}
