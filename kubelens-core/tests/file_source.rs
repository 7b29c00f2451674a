//! Recordings in every layout, whole and broken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use kubelens_core::Snapshot;
use kubelens_core::kubernetes::{
    ConfigMap, GroupKind, Kind, Node, NodeMetrics, Pod, PodMetrics, Service,
};
use kubelens_core::model::CoverageState;
use kubelens_core::snapshot::Cluster;
use kubelens_core::source::{FileSource, ReadRequest, Silent, SourceError, archive};
use proptest::prelude::*;
use tempfile::TempDir;

fn read(path: &Path) -> Result<Snapshot, SourceError> {
    FileSource::new(path).read(&ReadRequest::default(), &Silent)
}

fn read_text(name: &str, text: impl AsRef<[u8]>) -> Result<Snapshot, SourceError> {
    FileSource::from_bytes(name, text.as_ref().to_vec()).read(&ReadRequest::default(), &Silent)
}

/// A directory with these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    let pods = snapshot.table::<Pod>().iter();
    pods.map(|pod| format!("{}/{}", pod.metadata.namespace, pod.metadata.name))
        .collect()
}

fn gap(snapshot: &Snapshot, kind: Kind, namespace: &str) -> Option<(CoverageState, String)> {
    let gap = snapshot.gaps().find(kind, namespace)?;
    Some((gap.state, gap.detail.clone()))
}

fn pod(name: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"shop"}},"kind":"Pod","apiVersion":"v1"}}"#
    )
}

#[test]
fn json_in_every_form_is_read() {
    let (a, b) = (pod("a"), pod("b"));
    let cases = [
        format!("{a}{b}"),
        format!("{a}\n{b}\n"),
        format!("[{a},{b}]"),
        format!(r#"{{"apiVersion":"v1","kind":"List","items":[{a},{b}]}}"#),
        format!(r#"{{"items":[{a},{b}],"kind":"List"}}"#),
        format!(r#"{{"kind":"List","items":[{{"kind":"PodList","apiVersion":"v1","items":[{a}]}},{b}]}}"#),
        r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a","namespace":"shop"}},{"metadata":{"name":"b","namespace":"shop"}}]}"#.to_owned(),
        r#"{"items":[{"metadata":{"name":"a","namespace":"shop"}},{"metadata":{"name":"b","namespace":"shop"}}],"kind":"PodList","apiVersion":"v1"}"#.to_owned(),
    ];
    for text in cases {
        assert_eq!(
            names(&read_text("c.json", &text).unwrap()),
            ["shop/a", "shop/b"],
            "{text}"
        );
    }
}

#[test]
fn yaml_in_every_form_is_read() {
    let cases = [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n---\nkind: Pod\napiVersion: v1\nmetadata:\n  name: b\n  namespace: shop\n",
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    namespace: shop\n- metadata:\n    name: b\n    namespace: shop\n  kind: Pod\n  apiVersion: v1\nkind: List\n",
        "kind: PodList\napiVersion: v1\nitems:\n  - metadata:\n      name: a\n      namespace: shop\n  -\n    metadata:\n      name: b\n      namespace: shop\n",
        "items:\n- metadata: {name: a, namespace: shop}\n- metadata: {name: b, namespace: shop}\nkind: PodList\napiVersion: v1\n",
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}}, {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop}}]}\n",
        "apiVersion: v1\nkind: List\nitems:\n- &a\n  apiVersion: v1\n  kind: Pod\n  metadata: &m {name: a, namespace: shop}\n- apiVersion: v1\n  kind: Pod\n  metadata: {<<: *m, name: b}\n",
        "# comment\n---\n# only a comment\n---\n\"kind\": \"Pod\"\n\"apiVersion\": \"v1\"\nmetadata: {name: 'a', namespace: \"shop\"}\n--- # second\nkind: Pod # really\napiVersion: v1\nmetadata:\n  name: b\n  namespace: shop\n...\n",
    ];
    for text in cases {
        let snapshot = read_text("c.yaml", text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(names(&snapshot), ["shop/a", "shop/b"], "{text}");
    }
}

#[test]
fn an_empty_list_proves_absence_and_no_list_does_not() {
    let snapshot = read_text(
        "c.json",
        r#"{"kind":"ConfigMapList","apiVersion":"v1","items":[]}"#,
    )
    .unwrap();
    let cluster = Cluster::new(&snapshot);
    assert!(cluster.look_up::<ConfigMap>("shop", "web").is_absent());
    assert!(!cluster.look_up::<Pod>("shop", "web").is_absent());
    for text in [
        r#"{"kind":"ConfigMapList","apiVersion":"v1","items":null}"#,
        "apiVersion: v1\nkind: ConfigMapList\nitems: []\n",
    ] {
        let snapshot = read_text("c", text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(gap(&snapshot, Kind::ConfigMap, "shop"), None, "{text}");
    }
    let more = r#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"continue":"x"},"items":[{"metadata":{"name":"c"}}]}"#;
    assert_eq!(
        gap(&read_text("c", more).unwrap(), Kind::ConfigMap, "")
            .unwrap()
            .0,
        CoverageState::Partial
    );
}

#[test]
fn one_bad_object_is_a_gap_of_its_kind_and_namespace_and_never_loses_the_list() {
    let text = format!(
        "{{\"kind\":\"List\",\"items\":[\n{},\n{{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"bad\",\"namespace\":\"shop\"}},\n\"status\":{{\"containerStatuses\":[{{\"restartCount\":\"many\"}}]}}}},\n{}]}}",
        pod("a"),
        pod("b")
    );
    let snapshot = read_text("c.json", text).unwrap();
    assert_eq!(names(&snapshot), ["shop/a", "shop/b"]);
    let (state, detail) = gap(&snapshot, Kind::Pod, "shop").unwrap();
    assert_eq!(state, CoverageState::Partial);
    assert!(
        detail.starts_with(
            "c.json:4: Pod shop/bad: status.containerStatuses[0].restartCount: invalid type"
        ),
        "{detail}"
    );
    assert_eq!(gap(&snapshot, Kind::Pod, "other"), None);
}

#[test]
fn of_two_documents_the_broken_one_is_reported_with_its_line_and_the_other_is_used() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n---\napiVersion: v1\nkind: Service\nmetadata:\n\tname: web\n";
    let snapshot = read_text("c.yaml", text).unwrap();
    assert_eq!(names(&snapshot), ["shop/a"]);
    let (_, detail) = gap(&snapshot, Kind::Service, "shop").unwrap();
    assert!(detail.starts_with("c.yaml:8: "), "{detail}");
}

#[test]
fn what_follows_a_cut_is_unknown_for_every_kind() {
    let text = format!(
        "{{\"kind\":\"List\",\"items\":[{},\n{{\"kind\":\"Po",
        pod("a")
    );
    let snapshot = read_text("c.json", text).unwrap();
    assert_eq!(names(&snapshot), ["shop/a"]);
    let (state, detail) = gap(&snapshot, Kind::Service, "shop").unwrap();
    assert_eq!(state, CoverageState::Partial);
    assert!(
        detail.contains("c.json:2") && detail.contains("truncated"),
        "{detail}"
    );
}

#[test]
fn what_cannot_be_read_at_all_is_one_clear_line() {
    let cases: [(&str, &[u8], &str); 11] = [
        ("empty.json", b"", "empty.json is empty"),
        ("blank.yaml", b" \n\n", "blank.yaml is empty"),
        (
            "cut.json",
            b"{\"kind\":\"Pod\",",
            "cut.json:1: the file ends in the middle of an object: it is truncated",
        ),
        (
            "binary",
            b"\x7fELF\0\0\0",
            "binary is no Kubernetes manifest: it is binary",
        ),
        (
            "wide.yaml",
            b"\xff\xfek\0i\0",
            "wide.yaml is no Kubernetes manifest: it is UTF-16; save it as UTF-8",
        ),
        (
            "prose.txt",
            b"hello there\n",
            "prose.txt holds no Kubernetes object",
        ),
        (
            "report.json",
            b"{\"apiVersion\":\"kubelens.dev/v1alpha1\",\"kind\":\"Report\"}",
            "report.json holds no Kubernetes object",
        ),
        (
            "other.json",
            b"{\"id\":\"x\",\"roots\":[]}",
            "other.json holds no Kubernetes object",
        ),
        (
            "tabs.yaml",
            b"kind: Pod\n\tmetadata: {}\n",
            "tabs.yaml:1: a Pod: ",
        ),
        ("cycle.yaml", b"kind: &a [*a, *a]\n", "cycle.yaml:1: "),
        (
            "data.gz",
            b"\x1f\x8b\x08\0\0\0\0\0\0\0garbage",
            "cannot read data.gz: ",
        ),
    ];
    for (name, bytes, message) in cases {
        let error = read_text(name, bytes)
            .map(|snapshot| snapshot.object_count())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(message) && !error.contains('\n'),
            "{name}: {error}"
        );
    }
    let error = read(Path::new("/nowhere/at/all")).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot open /nowhere/at/all: No such file"),
        "{error}"
    );
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let uses = vec![format!("*a{}", level - 1); 10].join(",");
        text.push_str(&format!("a{level}: &a{level} [{uses}]\n"));
    }
    assert!(read_text("bomb.yaml", text).is_err());
}

#[test]
fn a_directory_is_read_with_its_logs_and_without_what_lies_around() {
    let directory = tree(&[
        ("cluster.json", &pod("web-1")),
        ("expect.json", r#"{"id":"x","roots":[]}"#),
        ("notes.txt", "kind: Pod"),
        ("broken/values.yaml", "{{ .Values }}"),
        ("shop/web-1/app.log", "one\ntwo\n"),
        ("shop/web-1/app.previous.log", "dead\n"),
        ("shop/gone/app.log", "nobody\n"),
    ]);
    let snapshot = read(directory.path()).unwrap();
    assert_eq!(names(&snapshot), ["shop/web-1"]);
    let logs: Vec<_> = snapshot
        .logs()
        .iter()
        .map(|(key, log)| (key.previous, log.lines.join(",")))
        .collect();
    assert_eq!(
        logs,
        [(false, "one,two".to_owned()), (true, "dead".to_owned())]
    );
    assert_eq!(gap(&snapshot, Kind::Pod, "shop"), None);
}

#[test]
fn lists_of_one_namespace_say_nothing_about_others() {
    let list = |name: &str, namespace: &str| {
        format!(
            r#"{{"kind":"PodList","apiVersion":"v1","items":[{{"metadata":{{"name":"{name}","namespace":"{namespace}"}}}}]}}"#
        )
    };
    let services = r#"{"kind":"ServiceList","apiVersion":"v1","items":[]}"#;
    let dump = tree(&[
        (
            "nodes.json",
            r#"{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"n"}}]}"#,
        ),
        ("shop/pods.json", &list("a", "shop")),
        ("shop/services.json", services),
        ("default/pods.json", &list("b", "default")),
        ("default/services.json", services),
        (
            "shop/a/logs.txt",
            "==== START logs for container app of pod shop/a ====\nhi\n==== END logs for container app of pod shop/a ====\n",
        ),
    ]);
    let must_gather = tree(&[
        (
            "quay/namespaces/shop/core/pods.yaml",
            "apiVersion: v1\nkind: PodList\nitems:\n- metadata:\n    name: a\n    namespace: shop\n",
        ),
        (
            "quay/namespaces/default/core/pods.yaml",
            "apiVersion: v1\nkind: PodList\nitems:\n- metadata:\n    name: b\n    namespace: default\n",
        ),
        (
            "quay/namespaces/shop/core/services.yaml",
            "apiVersion: v1\nkind: ServiceList\nitems: []\n",
        ),
        (
            "quay/cluster-scoped-resources/core/nodes/n.yaml",
            "apiVersion: v1\nkind: Node\nmetadata:\n  name: n\n",
        ),
        (
            "quay/namespaces/shop/pods/a/app/app/logs/current.log",
            "2026-01-02T03:04:05.678901234Z hi\n",
        ),
    ]);
    let bundle = tree(&[
        (
            "b/cluster-resources/nodes.json",
            r#"[{"metadata":{"name":"n"}}]"#,
        ),
        (
            "b/cluster-resources/pods/shop.json",
            r#"[{"metadata":{"name":"a","namespace":"shop"}}]"#,
        ),
        (
            "b/cluster-resources/pods/default.json",
            &list("b", "default"),
        ),
        ("b/cluster-resources/services/shop.json", services),
        ("b/cluster-resources/pods-errors.json", r#"["no"]"#),
        ("b/cluster-resources/pods/logs/shop/a/app.log", "hi\n"),
    ]);
    for directory in [dump, must_gather, bundle] {
        let snapshot = read(directory.path()).unwrap();
        assert_eq!(names(&snapshot), ["default/b", "shop/a"]);
        assert_eq!(snapshot.table::<Node>().len(), 1);
        let cluster = Cluster::new(&snapshot);
        assert_eq!(gap(&snapshot, Kind::Pod, "shop"), None);
        assert!(!cluster.look_up::<Pod>("elsewhere", "x").is_absent());
        assert_eq!(gap(&snapshot, Kind::Service, "shop"), None);
        assert!(!cluster.look_up::<Service>("elsewhere", "x").is_absent());
        let logs: Vec<_> = snapshot
            .logs()
            .values()
            .flat_map(|log| log.lines.clone())
            .collect();
        assert_eq!(logs, ["hi"]);
    }
}

#[test]
fn a_saved_snapshot_reads_back_as_it_was_with_its_gaps() {
    let directory = tree(&[
        ("cluster.json", &pod("web-1")),
        ("shop/web-1/app.log", "token: one\ntwo\n"),
    ]);
    let first = read(directory.path()).unwrap();
    let mut saved = Vec::new();
    archive::save(&first, &mut saved).unwrap();
    let second = read_text("saved.tar.gz", &saved).unwrap();
    assert_eq!(names(&second), names(&first));
    assert_eq!(second.logs().len(), 1);
    assert_eq!(second.info().name, first.info().name);
    assert_eq!(second.taken_at(), first.taken_at());
    let gaps = |snapshot: &Snapshot| -> Vec<_> {
        let gaps = snapshot.gaps().iter();
        gaps.map(|(kind, namespace, gap)| {
            (kind.to_owned(), namespace.map(str::to_owned), gap.clone())
        })
        .collect()
    };
    assert_eq!(gaps(&second), gaps(&first));
    let mut again = Vec::new();
    archive::save(&second, &mut again).unwrap();
    assert_eq!(again, saved);
}

#[test]
fn hostile_objects_do_no_harm() {
    let cases = [
        r#"{"kind":"Pod","apiVersion":"v1"}"#,
        r#"{"kind":"Pod","apiVersion":"v1","metadata":[]}"#,
        r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":7}}"#,
        r#"{"kind":"Event","apiVersion":"v1","metadata":{"name":"e"},"count":"x"}"#,
        r#"{"kind":7,"apiVersion":"v1","metadata":{"name":"a"}}"#,
    ];
    for case in cases {
        let text = format!("[{case},{}]", pod("a"));
        assert_eq!(
            names(&read_text("c.json", text).unwrap()),
            ["shop/a"],
            "{case}"
        );
    }
    let twice = format!("[{0},{0}]", pod("a"));
    assert_eq!(names(&read_text("c.json", twice).unwrap()), ["shop/a"]);
}

#[test]
fn only_the_namespaces_asked_for_are_taken() {
    let text = format!("[{},{}]", pod("a"), pod("b").replace("shop", "other"));
    let request = ReadRequest {
        namespaces: vec!["other".to_owned()],
        ..ReadRequest::default()
    };
    let snapshot = FileSource::from_bytes("c.json", text.into_bytes())
        .read(&request, &Silent)
        .unwrap();
    assert_eq!(names(&snapshot), ["other/b"]);
}

const MANIFEST: &str = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    labels: {x: \"1\"}\n  spec:\n    containers:\n    - name: c\n      image: i\n- apiVersion: v1\n  kind: Service\n  metadata: {name: s}\n";

proptest! {
    #[test]
    fn any_damage_to_a_manifest_is_survived(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        is_json in any::<bool>(),
        end in any::<prop::sample::Index>(),
    ) {
        let json = format!("{{\"kind\":\"List\",\"items\":[{},{}]}}", pod("a"), pod("b"));
        let mut bytes = if is_json { json.into_bytes() } else { MANIFEST.as_bytes().to_vec() };
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()) + 1);
        if let Err(error) = read_text("c", &bytes) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_text("c", &bytes);
    }
}

#[test]
fn metrics_as_the_api_lists_them_stand_beside_what_they_measure() {
    // `kubectl get --raw /apis/metrics.k8s.io/v1beta1/pods`: the items do not say their kind.
    let directory = tree(&[
        (
            "pods.json",
            &format!(
                r#"{{"kind":"List","apiVersion":"v1","items":[{}]}}"#,
                pod("a")
            ),
        ),
        (
            "metrics/pods.json",
            r#"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"a","namespace":"shop"},"timestamp":"2026-01-01T12:00:00Z","window":"10.5s","containers":[{"name":"web","usage":{"cpu":"5m","memory":"10Mi"}}]}]}"#,
        ),
        (
            "metrics/nodes.json",
            r#"{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"n"},"timestamp":"2026-01-01T11:00:00Z","window":"10s","usage":{"cpu":"5m"}}]}"#,
        ),
    ]);
    let snapshot = read(directory.path()).unwrap();
    assert_eq!(names(&snapshot), ["shop/a"]);
    assert_eq!(snapshot.table::<Node>().len(), 0);
    assert_eq!(snapshot.table::<NodeMetrics>().len(), 1);
    let samples = snapshot.table::<PodMetrics>();
    assert!(
        samples
            .get("shop", "a")
            .unwrap()
            .used("web", "memory")
            .is_some()
    );
    assert_eq!(gap(&snapshot, Kind::PodMetrics, "shop"), None);
    assert_eq!(
        snapshot.taken_at().unwrap().to_string(),
        "2026-01-01T12:00:00Z"
    );
}

#[test]
fn the_version_in_which_a_manifest_is_written_is_kept() {
    let budget = |version: &str, name: &str| {
        format!(
            "apiVersion: {version}\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: shop}}\n"
        )
    };
    let text = budget("policy/v1beta1", "old") + "---\n" + &budget("policy/v1", "new");
    let snapshot = read_text("budgets.yaml", text).unwrap();
    let written: Vec<String> = snapshot
        .written_as()
        .iter()
        .map(|object| format!("{} {object}", object.api_version))
        .collect();
    assert_eq!(written, ["policy/v1beta1 PodDisruptionBudget shop/old"]);
}

#[test]
fn what_rules_look_at_is_kept_with_every_field_but_not_what_secrets_hold() {
    let text = "
apiVersion: v1
kind: Secret
metadata:
  name: login
  namespace: shop
  annotations: {kubectl.kubernetes.io/last-applied-configuration: 'data: aHVudGVyMg=='}
type: Opaque
data: {password: aHVudGVyMg==}
stringData: {other: hunter2}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec: {aFieldOfTomorrow: yes}
---
apiVersion: db.example.com/v2
kind: DatabaseList
metadata: {}
items: []
";
    let kinds = [
        ("v1", "Secret"),
        ("v1", "Pod"),
        ("db.example.com/v1", "Database"),
    ];
    let [secret, pod, database] = kinds.map(|(api_version, kind)| GroupKind::of(api_version, kind));
    let request = ReadRequest {
        whole: [secret.clone(), pod.clone(), database.clone()].into(),
        ..ReadRequest::default()
    };
    let snapshot = FileSource::from_bytes("a.yaml", text.as_bytes().to_vec())
        .read(&request, &Silent)
        .unwrap();
    let json = |kind: &GroupKind, name: &str| {
        let object = snapshot.whole().get(kind, "shop", name).unwrap();
        String::from_utf8(object.json.to_vec()).unwrap()
    };
    let kept = json(&secret, "login");
    assert!(kept.contains("\"password\":\"[redacted]\""), "{kept}");
    assert!(
        !kept.contains("hunter2") && !kept.contains("aHVudGVyMg"),
        "{kept}"
    );
    assert!(json(&pod, "a").contains("aFieldOfTomorrow"));
    assert!(snapshot.knows_all(&database, "shop"));
    assert_eq!(snapshot.whole().all(&GroupKind::of("v1", "Service")), []);
}
