use kubelens_core::model::{CoverageState, KindCoverage, ObjectRef, Report, Severity};

use super::{Fitted, Format, Printout, within};
use crate::render::{About, View, report, tests::shop_report};

const FORMATS: [&str; 6] = ["json", "yaml", "markdown", "human", "wide", "table"];

fn view() -> View {
    View {
        width: 80,
        wide: false,
        own_namespace: false,
        about: About::Cluster,
        show_info: true,
        all_findings: false,
        topology: false,
        most: None,
    }
}

fn fitted(of: &Report, format: &Format, budget: usize) -> Fitted {
    within(of, budget, |of| report(of, format, &view()))
        .map_err(|failure| failure.to_string())
        .expect("a printout")
}

fn printed(of: &Report, format: &str, budget: usize) -> String {
    let format = Format::parse(format)
        .map_err(|failure| failure.to_string())
        .expect("a format");
    match fitted(of, &format, budget).printout {
        Printout::Styled(text) => anstream::adapter::strip_str(&text).to_string(),
        Printout::Exact(text) => text,
    }
}

/// The shop's causes, each in so many namespaces, hitting something in all of them.
fn large(namespaces: usize) -> Report {
    let mut report = shop_report();
    let originals = report.causes.clone();
    report.causes.clear();
    for number in 0..namespaces {
        for cause in &originals {
            let mut cause = cause.clone();
            cause.id = format!("{:012x}", report.causes.len());
            cause.subject.namespace = Some(format!("team-{number}"));
            report.causes.push(cause);
        }
    }
    report
        .causes
        .sort_by_key(|cause| std::cmp::Reverse(cause.severity));
    for (place, cause) in report.causes.iter_mut().enumerate() {
        cause.rank = place + 1;
        cause.group = None;
    }
    if let Some(first) = report.causes.first_mut() {
        first.affected = (0..namespaces)
            .map(|number| ObjectRef::namespaced("v1", "Service", &format!("team-{number}"), "web"))
            .collect();
    }
    report.summary.causes = report.causes.len();
    report
}

#[test]
fn what_fits_is_left_as_it_is() {
    for format in FORMATS {
        let whole = printed(&shop_report(), format, usize::MAX);
        assert_eq!(printed(&shop_report(), format, whole.len()), whole);
        assert!(!whole.contains("Left out") && !whole.contains("omitted"));
    }
}

#[test]
fn every_budget_is_kept_and_the_first_cause_and_the_counts_stay() {
    for format in FORMATS {
        let whole = printed(&shop_report(), format, usize::MAX).len();
        let least = printed(&shop_report(), format, 1);
        assert!(least.contains("web-config"), "{format}: {least}");
        for budget in (least.len()..whole).step_by(197) {
            let text = printed(&shop_report(), format, budget);
            assert!(text.len() <= budget, "{format}: {} > {budget}", text.len());
            assert!(text.contains("web-config"), "{format} in {budget}");
        }
    }
    let least: Report =
        serde_json::from_str(&printed(&shop_report(), "json", 1)).expect("a report");
    assert_eq!((least.causes.len(), least.summary.causes), (1, 6));
    let omitted = least.omitted.expect("what was left out");
    assert_eq!((omitted.causes, omitted.details), (5, 1));
    let unread: usize = omitted.coverage.values().sum();
    assert_eq!(unread, shop_report().coverage.kinds.len());
    assert_eq!(least.coverage.percent, shop_report().coverage.percent);
    assert!(omitted.hint.contains("without --budget"));
}

#[test]
fn the_first_cause_is_whole_while_there_is_anything_else_to_leave_out() {
    let all = shop_report();
    let first = all.causes.first();
    let whole = printed(&all, "json", usize::MAX).len();
    for budget in (1..whole).step_by(101) {
        let report: Report =
            serde_json::from_str(&printed(&all, "json", budget)).expect("a report");
        let is_alone = report.causes.len() == 1 && report.coverage.kinds.is_empty();
        assert!(report.causes.first() == first || is_alone, "{budget}");
    }
}

#[test]
fn what_even_the_shortest_answer_takes_is_told_and_would_do() {
    for name in FORMATS {
        let format = Format::parse(name)
            .map_err(|failure| failure.to_string())
            .expect("a format");
        let needs = fitted(&shop_report(), &format, 1).needs.expect("a size");
        assert!(needs > 100, "{name}: {needs}");
        assert_eq!(fitted(&shop_report(), &format, needs).needs, None, "{name}");
    }
}

#[test]
fn what_is_only_counted_is_not_called_known() {
    let mut all = large(50);
    all.coverage.kinds = (0..200)
        .map(|number| KindCoverage {
            kind: format!("Kind{number}"),
            state: CoverageState::Absent,
            detail: "not served".to_owned(),
            checks_skipped: Vec::new(),
        })
        .collect();
    let wanted = "200 kinds that are only counted (200 absent)";
    for format in ["human", "wide", "markdown"] {
        let text = printed(&all, format, 5000);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(wanted), "{format}: {text}");
        assert!(!words.contains("everything that the checks wanted was read"));
    }
    let report: Report = serde_json::from_str(&printed(&all, "json", 20_000)).expect("a report");
    assert!(report.causes.len() > 5, "{}", report.causes.len());
}

#[test]
fn proof_goes_before_explanations_and_these_before_causes() {
    let all = shop_report();
    let lower = all.causes.get(1..).unwrap_or_default();
    let explanations = lower
        .iter()
        .filter(|cause| !cause.explanation.is_empty())
        .count();
    let mut last = (usize::MAX, usize::MAX, usize::MAX);
    let whole = printed(&shop_report(), "json", usize::MAX).len();
    for budget in (2000..whole).rev().step_by(400) {
        let report: Report =
            serde_json::from_str(&printed(&shop_report(), "json", budget)).expect("a report");
        let lower = report.causes.get(1..).unwrap_or_default();
        let proof: usize = lower.iter().map(|cause| cause.evidence.len()).sum();
        let explained = lower
            .iter()
            .filter(|cause| !cause.explanation.is_empty())
            .count();
        assert!(
            explained == explanations || proof == 0,
            "{budget}: {explained} explained, {proof} proven"
        );
        assert!(report.causes.len() == 6 || explained == 0, "{budget}");
        let now = (report.causes.len(), explained, proof);
        assert!(now <= last, "{now:?} after {last:?}");
        last = now;
        let ranks: Vec<usize> = report.causes.iter().map(|cause| cause.rank).collect();
        assert!(ranks.is_sorted());
        assert_eq!(report.summary.critical, 4);
        assert!(
            lower
                .iter()
                .all(|cause| cause.id.len() == 12 && !cause.title.is_empty())
        );
    }
}

#[test]
fn size_stays_flat_from_50_to_5000_namespaces() {
    const BUDGET: usize = 16_000;
    for format in FORMATS {
        let few = printed(&large(50), format, BUDGET);
        let many = printed(&large(5000), format, BUDGET);
        assert!(few.len() <= BUDGET && many.len() <= BUDGET, "{format}");
        assert!(
            few.len().abs_diff(many.len()) < BUDGET / 8,
            "{format}: {} and {}",
            few.len(),
            many.len()
        );
    }
}

#[test]
fn the_worst_stays_where_little_room_is() {
    let report: Report =
        serde_json::from_str(&printed(&large(50), "json", 8000)).expect("a report");
    assert!(
        report
            .causes
            .iter()
            .all(|cause| cause.severity == Severity::Critical)
    );
}

#[test]
fn markdown_in_1500_bytes() {
    insta::assert_snapshot!(printed(&shop_report(), "markdown", 1500));
}

#[test]
fn human_in_2000_bytes() {
    insta::assert_snapshot!(printed(&shop_report(), "human", 2000));
}

#[test]
fn table_in_900_bytes() {
    insta::assert_snapshot!(printed(&shop_report(), "table", 900));
}
