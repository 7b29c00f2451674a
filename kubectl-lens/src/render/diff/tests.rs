use insta::assert_snapshot;
use kubelens_core::{
    comparison::{Interlude, Recovery, ReportDiff, compare},
    model::{ObjectRef, Severity},
};

use super::{Format, Printout, View, diff};
use crate::render::About;
use crate::render::tests::shop_report;

/// New, worsened, changed, ongoing, unknown and fixed causes, and a pod that recovered.
fn shop_diff() -> ReportDiff {
    let newer = shop_report();
    let mut older = shop_report();
    older.taken_at = "2026-11-23T11:00:00Z".parse().ok();
    older.causes[1].severity = Severity::Warning;
    older.causes[2].id = "dd0000000001".into();
    older.causes[2].code = "SCH001".into();
    older.causes[2].title = "Deployment batch/scan asks for more than a node has".into();
    let mut fixed = older.causes[3].clone();
    fixed.id = "dd0000000002".into();
    fixed.subject.name = "mirror".into();
    fixed.title = "Deployment batch/mirror [asks](http://evil) for disktype=ssd".into();
    let mut unseen = older.causes[0].clone();
    unseen.id = "dd0000000003".into();
    unseen.code = "CFG002".into();
    unseen.subject = ObjectRef::namespaced("v1", "Secret", "shop", "db\u{1b}[2J");
    unseen.title = "Secret shop/db does not exist".into();
    older.causes.remove(0);
    older.causes.extend([fixed, unseen]);
    older.coverage.kinds.clear();
    let pod = ObjectRef::namespaced("v1", "Pod", "shop", "cart-0");
    let mut interlude = Interlude::default();
    interlude.recovered = vec![Recovery {
            title:
                "Pod shop/cart-0: container `cart` ended 2 times, last OOMKilled with exit code 137, and runs again"
                    .into(),
            object: pod,
            container: Some("cart".into()),
            restarts: 2,
            evidence: vec![],
            at: "2026-11-23T11:40:00Z".parse().ok(),
        }];
    compare(&older, &newer, interlude)
}

fn print(format: &str, width: usize, show_info: bool) -> String {
    let view = View {
        width,
        wide: false,
        own_namespace: false,
        about: About::Cluster,
        show_info,
        all_findings: false,
        topology: false,
        most: None,
    };
    let format = Format::parse(format)
        .map_err(|failure| failure.to_string())
        .expect("a format");
    match diff(&shop_diff(), &format, &view)
        .map_err(|failure| failure.to_string())
        .expect("a printout")
    {
        Printout::Styled(text) => anstream::adapter::strip_str(&text).to_string(),
        Printout::Exact(text) => text,
    }
}

#[test]
fn human_in_80_columns() {
    assert_snapshot!(print("human", 80, false));
}

#[test]
fn human_in_140_columns_with_info() {
    assert_snapshot!(print("human", 140, true));
}

#[test]
fn table_in_80_columns() {
    assert_snapshot!(print("table", 80, false));
}

#[test]
fn table_in_140_columns() {
    assert_snapshot!(print("table", 140, true));
}

#[test]
fn markdown() {
    assert_snapshot!(print("markdown", 80, false));
}

#[test]
fn github() {
    assert_snapshot!(print("github", 80, false));
}

#[test]
fn columns() {
    assert_snapshot!(print(
        "custom-columns=STATE:.state,ID:.cause.id,WAS:.before.code",
        80,
        false
    ));
}

#[test]
fn json_holds_the_comparison_and_nothing_else() {
    let read: ReportDiff = serde_json::from_str(&print("json", 80, false)).expect("a ReportDiff");
    assert_eq!(read, shop_diff());
    assert_eq!(
        (read.kind.as_str(), read.summary.unknown),
        ("ReportDiff", 1)
    );
}

#[test]
fn no_escape_sequence_of_the_cluster_reaches_any_format() {
    for format in [
        "human", "wide", "table", "markdown", "github", "json", "yaml",
    ] {
        for width in [40, 80, 140] {
            let text = print(format, width, true);
            assert!(
                !text.contains('\u{1b}') && !text.contains('\u{202e}'),
                "{format}"
            );
        }
    }
}

#[test]
fn a_format_for_reports_only_is_refused() {
    let view = View {
        width: 80,
        wide: false,
        own_namespace: false,
        about: About::Cluster,
        show_info: false,
        all_findings: false,
        topology: false,
        most: None,
    };
    let refused = diff(&shop_diff(), &Format::Sarif, &view).expect_err("an error");
    assert!(
        refused
            .to_string()
            .contains("a comparison does not have this format")
    );
}
