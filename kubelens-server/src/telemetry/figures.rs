//! The server's metrics over OTLP: the same figures that Prometheus finds, under the same names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::AsyncInstrument;

use crate::measures::exposition;
use crate::server::AppState;

/// For so long the figures of one count are used: all instruments of a delivery read the same.
const FRESH: Duration = Duration::from_secs(1);

/// One value.
type Sample = (Vec<KeyValue>, f64);

/// All values of one count, by the name of the metric.
#[derive(Debug, Default)]
struct Figures {
    kinds: BTreeMap<String, (String, String)>,
    samples: BTreeMap<String, Vec<Sample>>,
}

/// Reads the text format that this server writes itself.
fn read(text: &str) -> Figures {
    let mut figures = Figures::default();
    let mut help = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, words)) = line
            .strip_prefix("# HELP ")
            .and_then(|it| it.split_once(' '))
        {
            help.insert(name.to_owned(), words.to_owned());
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|it| it.split_once(' '))
        {
            let words = help.get(name).cloned().unwrap_or_default();
            figures
                .kinds
                .insert(name.to_owned(), (kind.to_owned(), words));
        } else if let Some((series, value)) = line.rsplit_once(' ')
            && let Ok(value) = value.parse()
        {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let all = figures.samples.entry(name.to_owned()).or_default();
            all.push((labels_of(labels), value));
        }
    }
    figures
}

/// `a="x",b="y"}` as pairs; this server's labels hold neither quotes nor line ends.
fn labels_of(text: &str) -> Vec<KeyValue> {
    let pairs = text.trim_end_matches('}').split("\",");
    pairs
        .filter_map(|pair| pair.split_once("=\""))
        .map(|(name, value)| KeyValue::new(name.to_owned(), value.trim_end_matches('"').to_owned()))
        .collect()
}

/// Lets every delivery of metrics carry the server's figures; histograms are sent as sums and counts.
pub fn measure(state: &AppState) {
    let meter = opentelemetry::global::meter("kubelens-server");
    let known: Mutex<Option<(Instant, Arc<Figures>)>> = Mutex::default();
    let now = {
        let state = state.clone();
        move || {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            match known.as_ref() {
                Some((at, figures)) if at.elapsed() < FRESH => Arc::clone(figures),
                _ => {
                    let figures = Arc::new(read(&exposition(&state)));
                    *known = Some((Instant::now(), Arc::clone(&figures)));
                    figures
                }
            }
        }
    };
    let now: Arc<dyn Fn() -> Arc<Figures> + Send + Sync> = Arc::new(now);
    for (name, (kind, help)) in &now().kinds {
        let series: Vec<(String, bool)> = match kind.as_str() {
            "counter" => vec![(name.clone(), true)],
            "histogram" => vec![
                (format!("{name}_sum"), true),
                (format!("{name}_count"), true),
            ],
            _ => vec![(name.clone(), false)],
        };
        for (series, counts_up) in series {
            let (now, wanted) = (Arc::clone(&now), series.clone());
            let tell = move |instrument: &dyn AsyncInstrument<f64>| {
                for (labels, value) in now().samples.get(&wanted).into_iter().flatten() {
                    instrument.observe(*value, labels);
                }
            };
            if counts_up {
                let counter = meter.f64_observable_counter(series);
                counter
                    .with_description(help.clone())
                    .with_callback(tell)
                    .build();
            } else {
                let gauge = meter.f64_observable_gauge(series);
                gauge
                    .with_description(help.clone())
                    .with_callback(tell)
                    .build();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_they_are_written() {
        let text = "# HELP a_total Requests\n# TYPE a_total counter\na_total{route=\"GET /api/x\",code=\"200\"} 3\n# HELP b Now\n# TYPE b gauge\nb 1.5\n";
        let figures = read(text);
        assert_eq!(
            figures.kinds["a_total"],
            ("counter".to_owned(), "Requests".to_owned())
        );
        assert_eq!(figures.samples["b"], [(Vec::new(), 1.5)]);
        let (labels, value) = &figures.samples["a_total"][0];
        assert!((value - 3.0).abs() < 1e-9);
        let pair = |name: &'static str, value: &'static str| KeyValue::new(name, value);
        assert_eq!(*labels, [pair("route", "GET /api/x"), pair("code", "200")]);
    }
}
