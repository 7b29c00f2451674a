//! Times by route as a histogram.

use std::fmt;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::{BOUNDS, RouteCounts};

/// The times of routes, each a series.
#[derive(Debug)]
pub(super) struct Durations(pub(super) Vec<(String, RouteCounts)>);

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        for (route, counts) in &self.0 {
            let labels = [("route", route.as_str())];
            let mut below = 0;
            let mut buckets: Vec<(f64, u64)> = BOUNDS
                .iter()
                .zip(&counts.within)
                .map(|(bound, within)| {
                    let own = within.saturating_sub(below);
                    below = *within;
                    (*bound, own)
                })
                .collect();
            buckets.push((f64::INFINITY, counts.requests.saturating_sub(below)));
            encoder
                .encode_family(&labels)?
                .encode_histogram::<NoLabelSet>(
                    counts.took.as_secs_f64(),
                    counts.requests,
                    &buckets,
                    None,
                )?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
