//! The server's program, and the commands that work on what it left.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kubelens_server::audit::AuditCommand;
use kubelens_server::settings::{self, Settings, Sources};
use kubelens_server::start;
use kubelens_server::store::StoreCommand;

// It gives back what fell free; the system's own keeps it, after a while as much as is in use.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The hosted runtime of KubeLens.
#[derive(Debug, Parser)]
#[command(version)]
struct CommandLine {
    #[command(flatten)]
    settings: settings::Arguments,
    /// Where to listen, whatever the settings say
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// A context of the kubeconfig to follow, once for each; the current one without it
    #[arg(long, value_name = "NAME")]
    context: Vec<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Work on the audit trail of a server that does not run
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Work on the state directory of a server that does not run
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
}

/// Something went wrong.
const FAILED: ExitCode = ExitCode::FAILURE;

/// The settings are wrong.
const WRONG_SETTINGS: u8 = 2;

fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    match &arguments.command {
        Some(command) => {
            let sources = Sources::of_process(&arguments.settings);
            let directory = match settings::state_directory(&sources) {
                Ok(directory) => directory,
                Err(problems) => return wrong_settings(&problems),
            };
            let mut out = std::io::stdout();
            let done = match command {
                Command::Audit { command } => command
                    .run(&directory, &mut out)
                    .map_err(|error| error.to_string()),
                Command::Store { command } => command
                    .run(&directory, &mut out)
                    .map(|()| true)
                    .map_err(|error| error.to_string()),
            };
            match done {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => FAILED,
                Err(why) => failed(&why),
            }
        }
        None => serve(&arguments),
    }
}

fn failed(why: &str) -> ExitCode {
    use std::io::Write as _;
    // Without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "error: {why}");
    FAILED
}

fn wrong_settings(problems: &settings::Problems) -> ExitCode {
    failed(&problems.to_string());
    ExitCode::from(WRONG_SETTINGS)
}

fn serve(arguments: &CommandLine) -> ExitCode {
    let settings = match Settings::load(&Sources::of_process(&arguments.settings)) {
        Ok(settings) => settings,
        Err(problems) => return wrong_settings(&problems),
    };
    if arguments.settings.check_config {
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    match runtime.block_on(start::run(settings, arguments.listen, &arguments.context)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::CommandLine;

    #[test]
    fn the_command_line_holds_together() {
        CommandLine::command().debug_assert();
    }
}
