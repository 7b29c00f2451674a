//! Every format, as it is printed, over one report.

use insta::assert_snapshot;
use kubelens_core::model::Report;

use super::{About, Format, Printout, View, report, tree};

/// Causes, a group, info, gaps, and text that tries to misbehave.
pub(crate) fn shop_report() -> Report {
    serde_json::from_str(include_str!("../../tests/fixtures/report.json"))
        .expect("the fixture is a report")
}

fn healthy_report() -> Report {
    let mut report = crate::target::keep(shop_report(), |_| false);
    report.coverage.kinds.clear();
    report.coverage.percent = 100;
    report.summary.health_score = Some(100);
    report
}

fn view(width: usize) -> View {
    View {
        width,
        wide: false,
        own_namespace: false,
        about: About::Cluster,
        show_info: false,
        all_findings: false,
        topology: false,
        most: None,
    }
}

fn print(of: &Report, format: &str, view: &View) -> String {
    let format = Format::parse(format)
        .map_err(|failure| failure.to_string())
        .expect("a format");
    match report(of, &format, view)
        .map_err(|failure| failure.to_string())
        .expect("a printout")
    {
        Printout::Styled(text) => anstream::adapter::strip_str(&text).to_string(),
        Printout::Exact(text) => text,
    }
}

fn widest(text: &str) -> usize {
    text.lines()
        .map(unicode_width::UnicodeWidthStr::width)
        .max()
        .unwrap_or(0)
}

#[test]
fn human_in_80_columns() {
    assert_snapshot!(print(&shop_report(), "human", &view(80)));
}

#[test]
fn human_in_140_columns() {
    assert_snapshot!(print(&shop_report(), "human", &view(140)));
}

#[test]
fn human_with_everything() {
    let view = View {
        show_info: true,
        all_findings: true,
        ..view(80)
    };
    assert_snapshot!(print(&shop_report(), "human", &view));
}

#[test]
fn human_when_nothing_is_broken() {
    assert_snapshot!(print(&healthy_report(), "human", &view(80)));
}

#[test]
fn the_contexts_own_namespace_is_told_with_the_way_to_all() {
    let mut report = healthy_report();
    report.scope.namespaces = vec!["shop".into()];
    let view = View {
        own_namespace: true,
        ..view(80)
    };
    let text = print(&report, "human", &view);
    assert!(
        text.starts_with("prod-eu v1.35.4 · namespace shop (-A looks at all) · "),
        "{text}"
    );
}

#[test]
fn human_cut_short() {
    assert_snapshot!(print(
        &shop_report(),
        "human",
        &View {
            most: Some(1),
            ..view(80)
        }
    ));
}

#[test]
fn wide_in_80_columns() {
    assert_snapshot!(print(&shop_report(), "wide", &view(80)));
}

#[test]
fn wide_in_140_columns() {
    assert_snapshot!(print(&shop_report(), "wide", &view(140)));
}

#[test]
fn table_in_80_columns() {
    assert_snapshot!(print(&shop_report(), "table", &view(80)));
}

#[test]
fn table_in_140_columns() {
    assert_snapshot!(print(&shop_report(), "table", &view(140)));
}

#[test]
fn markdown() {
    assert_snapshot!(print(&shop_report(), "markdown", &view(80)));
}

#[test]
fn html() {
    assert_snapshot!(print(&shop_report(), "html", &view(80)));
}

#[test]
fn html_says_what_is_unknown_and_what_was_cut_off() {
    let mut report = healthy_report();
    let page = print(&report, "html", &view(80));
    assert!(page.contains("Nothing is broken.</p>"), "{page}");
    assert!(page.contains("Everything that the checks wanted was read."));

    report.coverage = shop_report().coverage;
    report.summary.health_score = None;
    let page = print(&report, "html", &view(80));
    assert!(page.contains("Nothing is broken as far as could be read.</p>"));
    assert!(page.contains("<tr><td>Secret</td><td>forbidden</td>"));
    assert!(page.contains("health <b>not known</b>"));

    let mut report = shop_report();
    report.causes.truncate(2);
    let page = print(&report, "html", &view(80));
    assert!(page.contains("This page holds 2 of 6 causes"), "{page}");
}

/// Every string of the report, set to what breaks out of texts, attributes, scripts and styles.
#[test]
fn no_text_of_the_cluster_becomes_markup_in_html() {
    const EVIL: &str = "'\"><script>alert(1)</script></style><img src=x onerror=alert(1)>{{ 7*7 }}";
    fn spoil(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => EVIL.clone_into(text),
            serde_json::Value::Array(items) => items.iter_mut().for_each(spoil),
            serde_json::Value::Object(fields) => {
                for (name, field) in fields {
                    let is_a_word = ["severity", "risk", "state", "kind", "at"]
                        .contains(&name.as_str())
                        && !field.is_object();
                    if !is_a_word && !name.ends_with("Seen") && name != "takenAt" {
                        spoil(field);
                    }
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(shop_report()).expect("JSON");
    spoil(&mut value);
    let evil: Report = serde_json::from_value(value).expect("a report");
    let page = print(&evil, "html", &view(80));
    assert!(
        page.matches("&lt;script&gt;alert(1)").count() > 50,
        "{page}"
    );
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(!page.contains("<img"));
    assert!(!page.contains("'\"><script"));
    assert!(page.contains("{{ 7*7 }}"));
}

#[test]
fn html_loads_nothing_from_anywhere() {
    let page = print(&shop_report(), "html", &view(80));
    for loads in [
        "src=", "href=", "url(", "@import", "http://", "https://", "fetch(",
    ] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn yaml() {
    assert_snapshot!(print(&shop_report(), "yaml", &view(80)));
}

#[test]
fn names() {
    assert_snapshot!(print(&shop_report(), "name", &view(80)), @"
    configmap/web-config
    deployment.apps/resize
    deployment.apps/scan
    deployment.apps/thumbs
    statefulset.apps/orders
    deployment.apps/mailer
    ");
}

#[test]
fn columns() {
    assert_snapshot!(print(&shop_report(), "custom-columns=RANK:.rank,CODE:.code,NS:.subject.namespace,UID:.subject.uid", &view(80)), @"
    RANK   CODE     NS      UID
    1      CFG001   shop    <none>
    2      SCH004   batch   d-1
    3      SCH004   batch   d-2
    4      SCH004   batch   d-3
    5      WRK101   shop    s-1
    6      POL010   shop    m-1
    ");
}

#[test]
fn jsonpath() {
    let template = r#"jsonpath={range .causes[?(@.severity=="critical")]}{.code}{"\t"}{.subject.kind}/{.subject.name}{"\n"}{end}"#;
    assert_snapshot!(print(&shop_report(), template, &view(80)), @"
    CFG001	ConfigMap/web-config
    SCH004	Deployment/resize
    SCH004	Deployment/scan
    SCH004	Deployment/thumbs
    ");
}

#[test]
fn json_and_yaml_hold_the_report_and_nothing_else() {
    let json: Report =
        serde_json::from_str(&print(&shop_report(), "json", &view(80))).expect("a report");
    assert_eq!(json, shop_report());
    let yaml: Report =
        serde_saphyr::from_str(&print(&shop_report(), "yaml", &view(80))).expect("a report");
    assert_eq!(yaml.causes.len(), 6);
    let but_for_the_hostile = |report: Report| Report {
        causes: report
            .causes
            .into_iter()
            .filter(|cause| cause.rank != 5)
            .collect(),
        ..report
    };
    assert_eq!(
        but_for_the_hostile(yaml),
        but_for_the_hostile(shop_report())
    );
}

#[test]
fn no_view_for_people_is_wider_than_asked() {
    for width in [40, 60, 80, 100, 140] {
        let healthy = print(&healthy_report(), "human", &view(width));
        assert!(widest(&healthy) <= width);
        for format in ["human", "wide"] {
            let text = print(
                &shop_report(),
                format,
                &View {
                    show_info: true,
                    all_findings: true,
                    ..view(width)
                },
            );
            let too_wide: Vec<_> = text
                .lines()
                .filter(|line| widest(line) > width && !is_command(line))
                .collect();
            assert!(too_wide.is_empty(), "{format} in {width}: {too_wide:#?}");
        }
    }
}

/// A word of a command is never torn, however long.
fn is_command(line: &str) -> bool {
    line.contains("-p '[") || line.trim_start().starts_with("'[")
}

#[test]
fn no_escape_sequence_of_the_cluster_reaches_any_format() {
    for format in [
        "human",
        "wide",
        "table",
        "markdown",
        "html",
        "yaml",
        "json",
        "name",
        "jsonpath={..name}",
        "custom-columns=N:.evidence[*].object.name",
    ] {
        let text = print(
            &shop_report(),
            format,
            &View {
                show_info: true,
                ..view(80)
            },
        );
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{format}"
        );
    }
}

#[test]
fn why_is_a_tree_from_the_object_down_to_its_causes() {
    let report = shop_report();
    let causes: Vec<_> = report.causes.iter().take(1).collect();
    let ingress = &report
        .causes
        .first()
        .expect("a cause")
        .affected
        .get(2)
        .expect("the Ingress")
        .clone();
    let tree = tree::print(ingress, &causes, &view(80));
    assert_snapshot!(anstream::adapter::strip_str(&tree).to_string());
}

#[test]
fn why_of_a_healthy_object_says_what_was_checked() {
    let object = kubelens_core::model::ObjectRef::namespaced("v1", "Service", "shop", "redis");
    let mut report = healthy_report();
    report.coverage = shop_report().coverage;
    let text = tree::healthy(&object, &report, 142, &view(80));
    assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
    Service shop/redis: healthy
      Checked  142 analyzers over 812 objects; none found a fault in it or in what
               it depends on
      Unknown  Secret forbidden, Gateway absent, HTTPRoute absent (coverage 93%)
    ");
}

#[test]
fn ndjson() {
    let text = print(&shop_report(), "ndjson", &view(80));
    let codes: Vec<String> = text
        .lines()
        .map(|line| {
            let cause: kubelens_core::model::Cause = serde_json::from_str(line).expect("a cause");
            cause.code
        })
        .collect();
    let expected: Vec<String> = shop_report()
        .causes
        .into_iter()
        .map(|cause| cause.code)
        .collect();
    assert_eq!(codes, expected);
}

#[test]
fn csv() {
    assert_snapshot!(print(&shop_report(), "csv", &view(80)));
}

#[test]
fn junit() {
    assert_snapshot!(print(&shop_report(), "junit", &view(80)));
    assert_snapshot!(
        "junit_healthy",
        print(&healthy_report(), "junit", &view(80))
    );
}

#[test]
fn sarif() {
    assert_snapshot!(print(&shop_report(), "sarif", &view(80)));
}

#[test]
fn sarif_says_how_results_stand_to_a_baseline_and_keeps_to_its_schema() {
    let mut older = shop_report();
    older.causes.remove(0);
    let mut fixed = older.causes[0].clone();
    fixed.id = "dd0000000001".into();
    fixed.subject.name = "gone".into();
    older.causes.push(fixed);
    let newer = shop_report();
    let diff = kubelens_core::comparison::compare(
        &older,
        &newer,
        kubelens_core::comparison::Interlude::default(),
    );
    let Ok(Printout::Exact(text)) = super::sarif_against(&newer, &diff) else {
        panic!("no log");
    };
    let log: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let states: Vec<&str> = results
        .iter()
        .filter_map(|result| result["baselineState"].as_str())
        .collect();
    assert_eq!(
        states,
        [
            "new",
            "unchanged",
            "unchanged",
            "unchanged",
            "unchanged",
            "unchanged",
            "absent"
        ]
    );
    let schema = serde_json::from_str(include_str!("../../tests/fixtures/sarif-2.1.0.schema.json"))
        .expect("the schema");
    assert!(
        jsonschema::validator_for(&schema)
            .expect("a schema")
            .is_valid(&log)
    );
}

/// The schema is the one that OASIS publishes.
#[test]
fn sarif_is_what_its_schema_says() {
    let schema = serde_json::from_str(include_str!("../../tests/fixtures/sarif-2.1.0.schema.json"))
        .expect("the schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    for of in [shop_report(), healthy_report()] {
        let log = serde_json::from_str(&print(&of, "sarif", &view(80))).expect("JSON");
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn github() {
    assert_snapshot!(print(&shop_report(), "github", &view(80)));
}

#[test]
fn prometheus() {
    let text = print(&shop_report(), "prometheus", &view(80));
    assert_eq!(text, print(&shop_report(), "prometheus", &view(80)));
    assert_snapshot!(text);
}

#[test]
fn dot() {
    assert_snapshot!(print(&shop_report(), "dot", &view(80)));
}

#[test]
fn mermaid() {
    assert_snapshot!(print(&shop_report(), "mermaid", &view(80)));
}

#[test]
fn topology_in_80_columns() {
    let view = View {
        topology: true,
        ..view(80)
    };
    assert_snapshot!(print(&shop_report(), "human", &view));
}

#[test]
fn topology_in_140_columns() {
    let view = View {
        topology: true,
        ..view(140)
    };
    assert_snapshot!(print(&shop_report(), "wide", &view));
}

fn route_in(from: (&str, &str), to: (&str, &str), format: &str, width: usize) -> String {
    let report = shop_report();
    let object = |(kind, name): (&str, &str)| {
        kubelens_core::model::ObjectRef::namespaced("v1", kind, "shop", name)
    };
    let (from, to) = (object(from), object(to));
    let route = crate::route::Route::between(&from, &to, &report);
    let format = Format::parse(format)
        .map_err(|failure| failure.to_string())
        .expect("a format");
    match super::route(&route, &report, 142, &format, &view(width))
        .map_err(|failure| failure.to_string())
        .expect("a printout")
    {
        Printout::Styled(text) => anstream::adapter::strip_str(&text).to_string(),
        Printout::Exact(text) => text,
    }
}

#[test]
fn a_way_from_fault_to_symptom() {
    let (conf, ingress) = (("ConfigMap", "web-config"), ("Ingress", "shop"));
    assert_snapshot!("route_80", route_in(conf, ingress, "human", 80));
    assert_snapshot!("route_140", route_in(conf, ingress, "human", 140));
    assert_snapshot!("route_markdown", route_in(conf, ingress, "markdown", 80));
}

#[test]
fn no_way_from_fault_to_symptom() {
    let (conf, orders) = (("ConfigMap", "web-config"), ("StatefulSet", "orders"));
    assert_snapshot!("no_route_80", route_in(conf, orders, "human", 80));
    assert_snapshot!(
        "route_back_80",
        route_in(("Ingress", "shop"), conf, "human", 80)
    );
}

#[test]
fn a_report_over_several_clusters_says_which_have_a_cause() {
    let mut report = shop_report();
    let severity = kubelens_core::model::Severity::Warning;
    for (place, name) in ["prod-eu", "prod-us"].into_iter().enumerate() {
        report.clusters.push(kubelens_core::model::ClusterReport {
            cluster: kubelens_core::model::ClusterInfo {
                name: name.into(),
                ..Default::default()
            },
            taken_at: None,
            summary: None,
            error: None,
        });
        for cause in &mut report.causes {
            cause.clusters.push(kubelens_core::model::ClusterCause {
                name: name.into(),
                severity: if place == 0 { cause.severity } else { severity },
                affected: place,
            });
        }
    }
    for (format, width) in [
        ("human", 80),
        ("human", 140),
        ("table", 80),
        ("table", 140),
        ("markdown", 80),
    ] {
        assert_snapshot!(
            format!("clusters_{format}_{width}"),
            print(&report, format, &view(width))
        );
    }
}
