//! One file a verb; here is what all of them share: read the words, run the verb, tell the end.

mod analyzers;
mod completion;
mod diagnose;
mod explain;
mod snapshot;
mod version;
mod why;

use std::ffi::OsString;

use clap::Parser;

use crate::{
    cli::{Cli, Command},
    exit::ExitStatus,
    failure::Failure,
    interrupt, logging,
    render::Printout,
    settings::OutputSettings,
    terminal::Streams,
};

/// Runs what the words ask for. `words` begins with the program's own name.
pub(crate) fn run(words: Vec<OsString>) -> ExitStatus {
    if completion::is_asked_by_kubectl(&words) {
        return completion::answer_kubectl(words);
    }
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; clap knows which stream each belongs to.
            let _ = error.print();
            return if error.use_stderr() {
                ExitStatus::NotAnswered
            } else {
                ExitStatus::Answered
            };
        }
    };
    let streams = Streams::new(cli.output.color);
    logging::start(cli.output.verbose, streams);
    let output = match OutputSettings::new(&cli.output) {
        Ok(output) => output,
        Err(failure) => return tell(streams, &failure),
    };
    // TLS has one implementation in here; a second start changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = output.progress.clone();
    let end = interrupt::until_interrupted(carry_out(cli, output));
    progress.stop();
    match end {
        Some(Ok(status)) => status,
        Some(Err(failure)) => tell(streams, &failure),
        None => ExitStatus::Interrupted,
    }
}

fn tell(streams: Streams, failure: &Failure) -> ExitStatus {
    streams.message(&format!("{failure}\n"));
    ExitStatus::NotAnswered
}

async fn carry_out(cli: Cli, output: OutputSettings) -> Result<ExitStatus, Failure> {
    match cli.command {
        Command::Diagnose(args) => diagnose::run(args, &cli.connection, &output).await,
        Command::Why(args) => why::run(args, &cli.connection, &output).await,
        Command::Explain(args) => explain::run(&args, &output),
        Command::Analyzers(args) => analyzers::run(&args, &output),
        Command::Snapshot(args) => snapshot::run(args, &cli.connection, &output).await,
        Command::Completion(args) => completion::run(&args, &output),
        Command::Version => version::run(&output),
    }
}

/// Prints an answer.
fn print(printout: &Printout, output: &OutputSettings) -> Result<(), Failure> {
    use anyhow::Context;
    let written = match printout {
        Printout::Styled(text) => output.streams.data(text),
        Printout::Exact(text) => Streams::exact(text),
    };
    Ok(written.context("cannot write to standard output")?)
}
