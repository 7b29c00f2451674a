use std::time::Duration;

use url::Url;

use super::Secret;
use super::reader::Reader;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For eyes.
    Human,
}

/// How telemetry is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// gRPC.
    Grpc,
    /// Protobuf over HTTP.
    HttpProtobuf,
}

/// Where traces go, and metrics and logs where the collector takes all.
#[derive(Debug, Clone)]
pub struct Otlp {
    /// The collector.
    pub endpoint: Url,
    /// Whether it is for traces alone: then the address is taken as it is.
    pub is_for_traces: bool,
    /// The way.
    pub protocol: OtlpProtocol,
    /// Whether plain text was allowed by name.
    pub insecure: bool,
    /// This service's name.
    pub service_name: String,
    /// The share of traces kept, 0 to 1.
    pub sample_ratio: f64,
}

/// Logs, traces, the scrape token.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// How a log line looks.
    pub log_format: LogFormat,
    /// A filter such as `info` or `kubelens_server=debug`.
    pub log_level: String,
    /// How long one followed log may go on.
    pub log_stream_max: Duration,
    /// Good for `GET /api/metrics/prometheus` and nothing else.
    pub metrics_token: Option<Secret>,
    /// Nothing = no traces are sent.
    pub otlp: Option<Otlp>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Telemetry {
    let formats = [("json", LogFormat::Json), ("human", LogFormat::Human)];
    Telemetry {
        log_format: reader.choice("LOG_FORMAT", LogFormat::Json, &formats),
        log_level: reader.text("LOG_LEVEL", "info"),
        log_stream_max: reader.seconds("LOG_STREAM_MAX_SECONDS", 3_600, 1..=86_400),
        metrics_token: reader.secret("METRICS_TOKEN"),
        otlp: read_otlp(reader),
    }
}

fn read_otlp(reader: &mut Reader<'_>) -> Option<Otlp> {
    let first = |reader: &Reader<'_>, one: &'static str, two: &'static str| {
        if reader.optional(one).is_some() {
            one
        } else {
            two
        }
    };
    let name = first(
        reader,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    );
    let protocol = first(
        reader,
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    );
    let insecure = first(
        reader,
        "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
        "OTEL_EXPORTER_OTLP_INSECURE",
    );
    let protocols = [
        ("grpc", OtlpProtocol::Grpc),
        ("http/protobuf", OtlpProtocol::HttpProtobuf),
    ];
    let protocol = reader.choice(protocol, OtlpProtocol::Grpc, &protocols);
    let told_insecure = reader.flag(insecure, false);
    let service_name = reader.text("OTEL_SERVICE_NAME", "kubelens-backend");
    let sample_ratio = reader.number("OTEL_TRACES_SAMPLE_RATIO", 1.0, 0.0..=1.0);
    let typed = reader.optional(name)?;
    // host:port is accepted as well as an address.
    let scheme = if told_insecure { "http" } else { "https" };
    let full = if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("{scheme}://{typed}")
    };
    let Some(endpoint) = Url::parse(&full).ok().filter(Url::has_host) else {
        reader.problem(name, "is neither an address nor host:port");
        return None;
    };
    Some(Otlp {
        insecure: told_insecure,
        is_for_traces: name.contains("TRACES"),
        endpoint,
        protocol,
        service_name,
        sample_ratio,
    })
}
