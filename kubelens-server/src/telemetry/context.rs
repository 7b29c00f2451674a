//! The trace that a request belongs to: taken over from who asks, handed on to who is asked.

use http::HeaderMap;
use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Lets a span go on with the trace that these headers name, if they do.
pub fn follow(span: &Span, headers: &HeaderMap) {
    if span.is_none() || !headers.contains_key("traceparent") {
        return;
    }
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&HeaderExtractor(headers))
    });
    if parent.span().span_context().is_valid() {
        // Where nobody gathers traces, there is nothing to go on with.
        let _ = span.set_parent(parent);
    }
}

/// Writes the trace of a span into headers.
pub fn carry(span: &Span, headers: &mut HeaderMap) {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return;
    }
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeaderInjector(headers));
    });
}

/// Gives a span that goes on already its name, and says whether what it stands for failed.
pub fn name(span: &Span, name: &str, has_failed: bool) {
    let context = span.context();
    let told = context.span();
    if told.span_context().is_valid() {
        told.update_name(name.to_owned());
        if has_failed {
            told.set_status(Status::error(""));
        }
    }
}

/// The id of the trace that a span belongs to; none where none is gathered.
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let known = span.span_context();
    known.is_valid().then(|| known.trace_id().to_string())
}
