//! Log lines, on standard error and only on demand.

use tracing_subscriber::EnvFilter;

use crate::terminal::Streams;

/// Starts logging: warnings, and with each `-v` more. `KUBELENS_LOG` chooses by module instead.
pub(crate) fn start(verbose: u8, streams: Streams) {
    // What the client stumbles over, the core tells in its own words.
    let level = match verbose {
        0 => "warn,kube_client=off",
        1 => "warn,kube_client=off,kubectl_lens=info,kubelens_core=info",
        2 => "info,kubectl_lens=debug,kubelens_core=debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("KUBELENS_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(streams.colors_messages())
        .with_writer(std::io::stderr)
        .with_target(verbose > 1);
    // A second start, as in tests, changes nothing.
    let _ = if verbose == 0 {
        subscriber.without_time().try_init()
    } else {
        subscriber.try_init()
    };
}
