//! One file a verb; here is what all of them share: read the words, run the verb, tell the end.

mod analyzers;
mod check;
mod completion;
mod config;
mod diagnose;
mod diff;
mod explain;
mod explain_requests;
mod rules;
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
    let (configuration, output) = match settings(&cli) {
        Ok(settings) => settings,
        Err(failure) => return tell(streams, &failure, failed),
    };
    // TLS has one implementation in here; a second start changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = output.progress.clone();
    let end = interrupt::until_interrupted(carry_out(cli, configuration, output));
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

/// What a team has agreed on, for the verbs that heed it, and how to print.
fn settings(cli: &Cli) -> Result<(Configuration, OutputSettings), Failure> {
    let is_heeded = matches!(
        cli.command,
        Command::Diagnose(_)
            | Command::Diff(_)
            | Command::Check(_)
            | Command::Why(_)
            | Command::Settle(_)
            | Command::Watch(_)
            | Command::Config(_)
            | Command::Rules(_)
    );
    let configuration = if is_heeded {
        Configuration::load(cli.config.as_deref())?
    } else {
        Configuration::default()
    };
    let mut flags = cli.output.clone();
    let agreed = configuration.config.outputs.as_ref();
    if let Some(outputs) = agreed {
        // What nobody uses today is wrong all the same.
        for word in &outputs.value {
            Output::parse(word).map_err(|failure| configuration.at(outputs, failure))?;
        }
    }
    if let (Command::Diagnose(_), Some(outputs)) = (&cli.command, agreed)
        && flags.output.is_empty()
        && flags.output_file.is_none()
    {
        flags.output.clone_from(&outputs.value);
        let settings = OutputSettings::new(&flags);
        let settings = settings.map_err(|failure| configuration.at(outputs, failure))?;
        return Ok((configuration, settings));
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
        Command::Diff(args) => diff::run(args, &cli.connection, configuration, &output).await,
        Command::Check(args) => check::run(args, &cli.connection, configuration, &output).await,
        Command::Why(args) => why::run(args, &cli.connection, configuration, &output).await,
        Command::Settle(args) => settle::run(args, &cli.connection, configuration, &output).await,
        Command::Watch(args) => watch::run(args, &cli.connection, configuration, &output).await,
        Command::Config(args) => config::run(args.verb, configuration, &output),
        Command::Rules(args) => rules::run(&args.verb, configuration, &output),
        Command::Explain(args) => explain::run(&args, configuration, &output),
        Command::Analyzers(args) => analyzers::run(&args, configuration, &output),
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
