//! What users' settings make of what was seen.

use crate::documents::Config;
use crate::engine::{Incremental, Options, diagnose, rehearse};
use crate::model::{NoteKind, Report, Severity};
use crate::snapshot::example::picture;

const LACKS_A_CONFIG_MAP: &str = "
# now: 2026-01-01T12:00:00Z
# listed: ConfigMap, Secret, Namespace, Event, ReplicaSet, Deployment, Pod
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: a, creationTimestamp: '2026-01-01T11:00:00Z', labels: {app: web}ANNOTATIONS}
spec:
  nodeName: worker
  containers: [{name: app, image: web, envFrom: [{configMapRef: {name: web-config}}]}]
status:
  phase: Pending
  containerStatuses:
  - name: app
    state: {waiting: {reason: CreateContainerConfigError, message: 'configmap \"web-config\" not found'}}
";

fn options(yaml: &str) -> Options {
    let text = format!("apiVersion: kubelens.dev/v1alpha1\nkind: Config\n{yaml}");
    let config = Config::parse("kubelens.yaml", &text).expect("a configuration");
    Options::configured("kubelens.yaml", &config, &[]).expect("options")
}

fn problem(yaml: &str) -> String {
    let text = format!("apiVersion: kubelens.dev/v1alpha1\nkind: Config\n{yaml}");
    match Config::parse("kubelens.yaml", &text) {
        Err(problem) => problem.to_string(),
        Ok(config) => Options::configured("kubelens.yaml", &config, &[])
            .expect_err("a problem")
            .to_string(),
    }
}

fn report(annotations: &str, settings: &str) -> Report {
    let objects = LACKS_A_CONFIG_MAP.replace("ANNOTATIONS", annotations);
    diagnose(&picture(&objects), &options(settings))
}

fn codes(report: &Report) -> Vec<&str> {
    report
        .causes
        .iter()
        .map(|cause| cause.code.as_str())
        .collect()
}

#[test]
fn without_settings_the_missing_config_map_is_the_cause() {
    let report = report("", "");
    assert_eq!(codes(&report), ["CFG001"]);
    assert_eq!(report.notes, []);
}

#[test]
fn a_suppressed_finding_stays_and_is_no_cause() {
    let report = report(
        "",
        "suppressions:\n- {code: CFG001, object: ConfigMap/shop/web-*, reason: moved next week, expires: 2026-02-01}",
    );
    assert!(!codes(&report).contains(&"CFG001"), "{:?}", codes(&report));
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.code == "CFG001")
        .expect("the finding");
    assert!(finding.suppressed);
    let by = finding.suppressed_by.as_ref().expect("who suppressed it");
    assert_eq!(by.place, "kubelens.yaml:4");
    assert_eq!(by.reason.as_deref(), Some("moved next week"));
    assert_eq!(report.notes, []);
}

#[test]
fn a_missing_subject_is_selected_by_the_labels_of_what_shows_it() {
    let by = |value: &str| {
        let settings = format!(
            "suppressions:\n- {{code: config-map-missing, selector: {{matchLabels: {{app: {value}}}}}, reason: known}}"
        );
        codes(&report("", &settings)).contains(&"CFG001")
    };
    assert!(!by("web"));
    assert!(by("other"));
}

#[test]
fn an_expired_suppression_covers_nothing_and_says_so() {
    let report = report(
        "",
        "suppressions:\n- {code: CFG001, reason: moved, expires: 2025-12-31}",
    );
    assert_eq!(codes(&report), ["CFG001"]);
    let notes: Vec<_> = report
        .notes
        .iter()
        .map(|note| (note.kind, note.text.as_str()))
        .collect();
    assert_eq!(
        notes,
        [(
            NoteKind::SuppressionExpired,
            "kubelens.yaml:4: the suppression of CFG001 ended 2026-01-01T00:00:00Z; it would cover 1 finding: fix that, or renew it"
        )]
    );
}

#[test]
fn a_suppression_that_covers_nothing_is_told_where_all_was_read() {
    let unused = "suppressions:\n- {code: CFG001, object: ConfigMap/bank/*, reason: known}";
    let kinds =
        |report: Report| -> Vec<NoteKind> { report.notes.iter().map(|note| note.kind).collect() };
    assert_eq!(kinds(report("", unused)), []);
    // The recording holds no workloads but pods: now say that there are none.
    let objects = LACKS_A_CONFIG_MAP.replace("ANNOTATIONS", "").replace(
        "# listed: ",
        "# listed: StatefulSet, DaemonSet, Job, CronJob, ReplicationController, ServiceAccount, ",
    );
    let report = diagnose(&picture(&objects), &options(unused));
    assert_eq!(kinds(report), [NoteKind::SuppressionUnused]);
}

#[test]
fn an_annotation_of_the_namespace_or_the_subject_suppresses_until_its_day() {
    let told = |annotations: &str| {
        let objects = LACKS_A_CONFIG_MAP.replace("ANNOTATIONS", "").replace(
            "{name: shop}",
            &format!("{{name: shop, annotations: {{{annotations}}}}}"),
        );
        diagnose(&picture(&objects), &Options::default())
    };
    let report = told("kubelens.dev/ignore: 'CFG001', kubelens.dev/ignore-reason: 'chaos day'");
    assert_eq!(report.notes, []);
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.suppressed)
        .expect("a finding");
    let by = finding.suppressed_by.as_ref().expect("who suppressed it");
    assert_eq!(
        (by.place.as_str(), by.reason.as_deref(), by.untrusted),
        ("annotation of Namespace shop", Some("chaos day"), true)
    );

    let over = told("kubelens.dev/ignore: CFG001, kubelens.dev/ignore-until: '2025-12-31'");
    assert_eq!(codes(&over), ["CFG001"]);
    assert_eq!(
        over.notes.first().map(|note| note.kind),
        Some(NoteKind::SuppressionExpired)
    );

    let unreadable = told("kubelens.dev/ignore: CFG001, kubelens.dev/ignore-until: soon");
    assert_eq!(codes(&unreadable), ["CFG001"]);
    assert_eq!(
        unreadable.notes.first().map(|note| note.kind),
        Some(NoteKind::SuppressionInvalid)
    );

    let typo = told("kubelens.dev/ignore: CFG0001");
    let note = typo.notes.first().expect("a note");
    assert!(note.text.contains("did you mean CFG001"), "{}", note.text);
}

#[test]
fn a_severity_is_set_and_off_does_not_look() {
    let info = report(
        "",
        "severities: {config-map-missing: info, 'CFG*': warning}",
    );
    let finding = info
        .findings
        .iter()
        .find(|finding| finding.code == "CFG001")
        .expect("found");
    assert_eq!(finding.severity, Severity::Info);
    // Whatever severity a fault is given, what follows from it stays explained by it.
    let usual = report("", "");
    assert_eq!(codes(&info), codes(&usual));
    assert_eq!(info.causes[0].severity, Severity::Info);
    let off = report("", "severities: {'CFG*': off}");
    assert!(
        off.findings
            .iter()
            .all(|finding| !finding.code.starts_with("CFG"))
    );
}

#[test]
fn what_only_hurts_an_excluded_namespace_is_left_out_and_the_report_says_so() {
    let report = report("", "excludeNamespaces: ['sh*']");
    assert_eq!(codes(&report), [""; 0]);
    assert_eq!(report.scope.excluded_namespaces, ["sh*"]);
}

#[test]
fn mistakes_are_told_with_their_place_and_the_nearest_word() {
    for (yaml, expected) in [
        (
            "trasholds: {}",
            "kubelens.yaml:3:1: unknown key `trasholds`; did you mean thresholds?",
        ),
        (
            "thresholds:\n  pendingGrase: 5",
            "kubelens.yaml:4:3: unknown key `pendingGrase`; did you mean pendingGrace",
        ),
        (
            "thresholds:\n  pendingGrace: -5",
            "kubelens.yaml:4:17: `pendingGrace` is less than 0",
        ),
        ("thresholds:\n  pendingGrace: long", "kubelens.yaml:4:17: "),
        (
            "profiles: [clasic]",
            "kubelens.yaml:3:12: unknown word `clasic`; did you mean classic?",
        ),
        (
            "severities:\n  CFG01: info",
            "kubelens.yaml:4:10: `CFG01` names no analyzer; did you mean CFG0",
        ),
        (
            "suppressions:\n- {code: CFG001}",
            "kubelens.yaml:4:4: `reason` is missing",
        ),
        (
            "suppressions:\n- {code: CFG001, reason: x, expires: soon}",
            "kubelens.yaml:4:3: `expires: soon` is no date",
        ),
        (
            "suppressions:\n- {code: CFG001, reason: x, object: web}",
            "kubelens.yaml:4:3: object is no pattern",
        ),
        (
            "overrides:\n- thresholds: {pendingGrace: 5}",
            "kubelens.yaml:4:3: an override for no namespace and no label",
        ),
        (
            "excludeNamespaces: ['[']",
            "kubelens.yaml:3:21: `[` is no pattern",
        ),
    ] {
        let told = problem(yaml);
        assert!(
            told.starts_with(expected),
            "{yaml}\n  told: {told}\n  not:  {expected}"
        );
    }
}

#[test]
fn a_document_of_another_kind_is_refused() {
    let told = |text: &str| {
        Config::parse("f.yaml", text)
            .expect_err("a problem")
            .to_string()
    };
    assert!(told("a: 1").starts_with("f.yaml:1:1: apiVersion is missing"));
    assert!(
        told("apiVersion: kubelens.dev/v1alpha1\nkind: RulePack\n")
            .starts_with("f.yaml:2:7: kind is `RulePack`, not `Config`")
    );
    assert!(told("apiVersion: v2\nkind: Config\n").starts_with("f.yaml:1:13: apiVersion is `v2`"));
    assert!(told("a: [").starts_with("f.yaml:1:"));
    assert_eq!(
        Config::parse("f.yaml", "# nothing\n"),
        Ok(Config::default())
    );
}

#[test]
fn what_goes_on_heeds_the_same_settings_and_their_end() {
    let settings = [
        "suppressions:\n- {code: CFG001, reason: moved, expires: 2026-01-02}",
        "suppressions:\n- {code: CFG*, selector: {matchLabels: {app: web}}, reason: known}",
        "severities: {CFG001: info}",
        "excludeNamespaces: [shop]",
        "thresholds: {foldMin: 2, youngGrace: 100000}",
    ];
    let annotations =
        ", annotations: {kubelens.dev/ignore: 'WRK001', kubelens.dev/ignore-until: '2026-01-02'}";
    let objects = LACKS_A_CONFIG_MAP.replace("ANNOTATIONS", annotations);
    for settings in settings {
        let options = options(settings);
        let mut going_on = Incremental::new(&picture(&objects), &options);
        let first = going_on.report();
        assert_eq!(first, diagnose(&picture(&objects), &options), "{settings}");
        assert_ne!(
            first,
            diagnose(&picture(&objects), &Options::default()),
            "{settings}"
        );
        for now in [
            "2026-01-01T23:59:59Z",
            "2026-01-02T12:00:00Z",
            "2026-01-03T00:00:00Z",
        ] {
            going_on.apply([], now.parse().expect("a time"));
            let full = diagnose(&going_on.snapshot(), &options);
            assert_eq!(going_on.report(), full, "{settings} at {now}");
        }
    }
}

#[test]
fn manifests_are_judged_with_the_same_settings() {
    let manifests = picture(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: 'Web/Shop:1', envFrom: [{configMapRef: {name: gone}}]}]}
",
    );
    let rehearsed = |settings: &str| rehearse(&manifests, None, &options(settings));
    let plain = rehearsed("");
    assert_eq!(codes(&plain), ["IMG001"]);
    let suppressed = rehearsed("suppressions:\n- {code: IMG001, reason: known}");
    assert_eq!(codes(&suppressed), [] as [&str; 0]);
    assert_eq!(suppressed.notes, []);
    let lowered = rehearsed("severities: {IMG001: info}");
    assert_eq!(lowered.causes[0].severity, Severity::Info);
    assert_eq!(
        codes(&rehearsed("excludeNamespaces: [sh*]")),
        [] as [&str; 0]
    );
}
