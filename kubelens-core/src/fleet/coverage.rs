use std::collections::{BTreeMap, BTreeSet};

use super::Checked;
use crate::model::{Coverage, CoverageState, KindCoverage};

/// The kind under which a whole cluster is missing.
const CLUSTER: &str = "Cluster";

/// The gaps of all clusters, each with the names of those that have it; a cluster without a report is one itself.
pub(super) fn joined(clusters: &[Checked]) -> Coverage {
    let mut gaps: BTreeMap<(String, CoverageState), (Vec<String>, BTreeSet<String>)> =
        BTreeMap::new();
    let mut percents = 0;
    for checked in clusters {
        match &checked.report {
            Ok(report) => {
                percents += usize::from(report.coverage.percent);
                for gap in &report.coverage.kinds {
                    let (details, codes) = gaps.entry((gap.kind.clone(), gap.state)).or_default();
                    details.push(format!("{}: {}", checked.name, gap.detail));
                    codes.extend(gap.checks_skipped.iter().cloned());
                }
            }
            Err(error) => {
                let key = (CLUSTER.to_owned(), CoverageState::Error);
                let (details, _) = gaps.entry(key).or_default();
                details.push(format!("{} was not checked: {error}", checked.name));
            }
        }
    }
    let percent = percents.checked_div(clusters.len()).unwrap_or(0);
    Coverage {
        percent: u8::try_from(percent).unwrap_or(100),
        kinds: gaps
            .into_iter()
            .map(|((kind, state), (details, codes))| KindCoverage {
                kind,
                state,
                detail: details.join("; "),
                checks_skipped: codes.into_iter().collect(),
            })
            .collect(),
    }
}
