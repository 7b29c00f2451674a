//! One file a verb; here is what all of them share: read the words, run the verb, tell the end.

mod analyzers;
mod completion;
mod config;
mod diagnose;
mod explain;
mod rules;
mod snapshot;
mod version;
mod why;

use std::ffi::OsString;

use anyhow::Context;
use clap::Parser;

use crate::{
    cli::{Cli, Command},
    configuration::Configuration,
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
    if asked_for > cli.output.output.len() {
        let failure = Failure::new("-o stands before and after the verb");
        return tell(streams, &failure.way_out("write all of them after it"));
    }
    let (configuration, output) = match settings(&cli) {
        Ok(settings) => settings,
        Err(failure) => return tell(streams, &failure),
    };
    // TLS has one implementation in here; a second start changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = output.progress.clone();
    let end = interrupt::until_interrupted(carry_out(cli, configuration, output));
    progress.stop();
    match end {
        Some(Ok(status)) => status,
        Some(Err(failure)) => tell(streams, &failure),
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

fn tell(streams: Streams, failure: &Failure) -> ExitStatus {
    streams.message(&format!("{failure}\n"));
    ExitStatus::NotAnswered
}

/// What a team has agreed on, for the verbs that heed it, and how to print.
fn settings(cli: &Cli) -> Result<(Configuration, OutputSettings), Failure> {
    let is_heeded = matches!(
        cli.command,
        Command::Diagnose(_) | Command::Why(_) | Command::Config(_) | Command::Rules(_)
    );
    let configuration = if is_heeded {
        Configuration::load(cli.config.as_deref())?
    } else {
        Configuration::default()
    };
    let mut flags = cli.output.clone();
    if let (Command::Diagnose(_), Some(outputs)) = (&cli.command, &configuration.config.outputs)
        && flags.output.is_empty()
        && flags.output_file.is_none()
    {
        flags.output.clone_from(&outputs.value);
    }
    Ok((configuration, OutputSettings::new(&flags)?))
}

async fn carry_out(
    cli: Cli,
    configuration: Configuration,
    output: OutputSettings,
) -> Result<ExitStatus, Failure> {
    let configuration = &configuration;
    match cli.command {
        Command::Diagnose(args) => {
            diagnose::run(args, &cli.connection, configuration, &output).await
        }
        Command::Why(args) => why::run(args, &cli.connection, configuration, &output).await,
        Command::Config(args) => config::run(args.verb, configuration, &output),
        Command::Rules(args) => rules::run(&args.verb, configuration, &output),
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
