//! What the server tells of itself as it runs: lines of log, and traces, metrics and logs over OTLP where a collector
//! is named. A collector that is away costs what was to be sent, nothing else.

mod collector;
mod context;
mod figures;

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use context::{carry, follow, name, trace_id};
pub use figures::measure;

use crate::settings::{LogFormat, Telemetry};

/// What is sent while this is held. Dropping it sends the rest, for a few seconds at most.
#[derive(Debug, Default)]
pub struct Sending {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    logs: Option<SdkLoggerProvider>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        // A collector that is away was told of already, and nothing is left to be done.
        if let Some(traces) = self.traces.take() {
            let _ = traces.shutdown();
        }
        if let Some(metrics) = self.metrics.take() {
            let _ = metrics.shutdown();
        }
        if let Some(logs) = self.logs.take() {
            let _ = logs.shutdown();
        }
    }
}

/// Begins to write logs, and to send what the settings name a collector for.
pub fn begin(settings: &Telemetry, version: &str) -> anyhow::Result<Sending> {
    let (subscriber, sending) = subscriber(settings, version, std::io::stderr)?;
    subscriber.try_init().context("logs are written already")?;
    Ok(sending)
}

/// What takes in everything that is told: lines go to `out`.
pub fn subscriber<W>(
    settings: &Telemetry,
    version: &str,
    out: W,
) -> anyhow::Result<(
    impl Subscriber + for<'s> LookupSpan<'s> + Send + Sync + use<W>,
    Sending,
)>
where
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let sending = match &settings.otlp {
        Some(otlp) => collector::reached(otlp, version).context("traces cannot be sent")?,
        None => Sending::default(),
    };
    let traces = sending.traces.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("kubelens-server"))
            .with_location(false)
            .with_tracked_inactivity(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(filter_fn(|one| one.is_span() && is_own(one)))
    });
    let logs = sending.logs.as_ref().map(|provider| {
        OpenTelemetryTracingBridge::new(provider)
            .with_filter(filter_fn(|one| one.is_event() && is_own(one)))
    });
    let subscriber = tracing_subscriber::registry()
        .with(lines(settings, out))
        .with(traces)
        .with(logs);
    Ok((subscriber, sending))
}

/// What this program tells itself; what sends must not tell of sending.
fn is_own(one: &Metadata<'_>) -> bool {
    one.target().starts_with("kubelens") && *one.level() <= LevelFilter::INFO
}

/// Lines for people or programs, one for everything that happens.
fn lines<S, W>(settings: &Telemetry, out: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let level = EnvFilter::try_new(&settings.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    // It prints answers that it cannot read, and they may hold secrets.
    let level = match "kube_client::client=error".parse() {
        Ok(quiet) => level.add_directive(quiet),
        Err(_) => level,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(out);
    match settings.log_format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_filter(level.and(filter_fn(|one| one.is_event())))
            .boxed(),
        LogFormat::Human => lines
            .with_filter(level.and(filter_fn(|one| one.is_event())))
            .boxed(),
    }
}
