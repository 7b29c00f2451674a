//! The collector that traces, metrics and logs are sent to.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig,
    WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use url::Url;

use super::Sending;
use crate::settings::{Otlp, OtlpProtocol};

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often metrics are sent.
const EVERY: Duration = Duration::from_secs(30);

/// Makes all that sends. Nothing is connected to yet.
pub(super) fn reached(otlp: &Otlp, version: &str) -> Result<Sending, ExporterBuildError> {
    opentelemetry::global::set_text_map_propagator(TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
    ]));
    let resource = Resource::builder()
        .with_service_name(otlp.service_name.clone())
        .with_attribute(KeyValue::new("service.version", version.to_owned()))
        .build();
    let traces = SdkTracerProvider::builder()
        // Who asks decides; where nobody did, so many of them are kept.
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            otlp.sample_ratio,
        ))))
        .with_resource(resource.clone())
        .with_batch_exporter(spans(otlp)?)
        .build();
    let mut sending = Sending {
        traces: Some(traces),
        metrics: None,
        logs: None,
    };
    // An address for traces is for nothing else.
    if !otlp.is_for_traces {
        let reader = PeriodicReader::builder(metrics(otlp)?)
            .with_interval(EVERY)
            .build();
        let metrics = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_reader(reader)
            .build();
        opentelemetry::global::set_meter_provider(metrics.clone());
        sending.metrics = Some(metrics);
        let logs = SdkLoggerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(logs(otlp)?)
            .build();
        sending.logs = Some(logs);
    }
    Ok(sending)
}

/// The address of one signal over HTTP: that of the collector with the signal's path.
fn address(otlp: &Otlp, signal: &str) -> String {
    if otlp.is_for_traces {
        return otlp.endpoint.to_string();
    }
    let base: &Url = &otlp.endpoint;
    format!("{}/v1/{signal}", base.as_str().trim_end_matches('/'))
}

/// Of https addresses, certificates of the machine's authorities are trusted.
fn tls() -> ClientTlsConfig {
    ClientTlsConfig::new().with_enabled_roots()
}

macro_rules! exporter {
    ($name:ident, $exporter:ty, $signal:literal) => {
        fn $name(otlp: &Otlp) -> Result<$exporter, ExporterBuildError> {
            match otlp.protocol {
                OtlpProtocol::HttpProtobuf => <$exporter>::builder()
                    .with_http()
                    .with_protocol(Protocol::HttpBinary)
                    .with_endpoint(address(otlp, $signal))
                    .with_timeout(PATIENCE)
                    .build(),
                OtlpProtocol::Grpc => {
                    let exporter = <$exporter>::builder()
                        .with_tonic()
                        .with_endpoint(otlp.endpoint.as_str())
                        .with_timeout(PATIENCE);
                    if otlp.endpoint.scheme() == "https" {
                        exporter.with_tls_config(tls()).build()
                    } else {
                        exporter.build()
                    }
                }
            }
        }
    };
}

exporter!(spans, SpanExporter, "traces");
exporter!(metrics, MetricExporter, "metrics");
exporter!(logs, LogExporter, "logs");
