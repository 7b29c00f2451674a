//! What leaves the machine in a snapshot.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::io::Read;

use kubelens_core::source::{FileSource, ReadRequest, Silent, archive};
use kubelens_core::{Options, diagnose};

/// A cluster that has the word `hunter22` in every place where people put passwords.
const CLUSTER: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"kind":"Secret","stringData":{"x":"hunter22"}}'
data: {password: aHVudGVyMjI=, aHVudGVyMjI: aHVudGVyMjI=}
stringData: {password: hunter22}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf, namespace: shop}
data: {password: hunter22, app.properties: "db.password=hunter22"}
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations: {example.com/dsn: "postgres://app:hunter22@db:5432/shop"}
spec:
  containers:
  - name: web
    image: registry.example/web:1
    command: [sh, -c, "mysql --password hunter22 -h db; export API_TOKEN=hunter22"]
    args: [--db-password, hunter22, --api-key=hunter22, --upstream=http://cache:6379]
    env:
    - {name: DB_PASSWORD, value: hunter22}
    - {name: DATABASE_URL, value: "postgres://app:hunter22@db:5432/shop"}
    - {name: DSN, value: "root:hunter22@tcp(db:3306)/shop"}
    - {name: CACHE, value: "cache:6379"}
    - {name: HOOK, value: "https://hooks.example/a1b2c3d4e5f6g7h8i9"}
    - {name: FROM_SECRET, valueFrom: {secretKeyRef: {name: db, key: password}}}
    livenessProbe: {exec: {command: [probe, --token, hunter22]}}
status:
  phase: Running
  message: "login failed: password=hunter22"
  containerStatuses:
  - name: web
    restartCount: 4
    state: {waiting: {reason: CrashLoopBackOff, message: "back-off"}}
    lastState: {terminated: {exitCode: 1, message: "cannot reach postgres://app:hunter22@db:5432"}}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: shop}
involvedObject: {kind: Pod, namespace: shop, name: web}
message: "probe failed: token=hunter22 Authorization: Bearer hunter2222"
---
apiVersion: databases.example/v1
kind: Database
metadata: {name: db, namespace: shop}
spec:
  rootPassword: hunter22
  users: [{name: app, password: hunter22, passwordSecretRef: {name: db, key: password}}]
  env: [{name: ADMIN_TOKEN, value: hunter22}]
  template: {stringData: {a: hunter22}}
"#;

fn unpacked(saved: &[u8]) -> String {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(saved)
        .read_to_end(&mut text)
        .unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn no_secret_is_in_an_archive_and_what_a_diagnosis_needs_is() {
    let snapshot = FileSource::from_bytes("cluster.yaml", CLUSTER.as_bytes())
        .read(&ReadRequest::default(), &Silent)
        .unwrap();
    let mut saved = Vec::new();
    archive::save(&snapshot, &mut saved).unwrap();
    let text = unpacked(&saved);
    for secret in [
        "hunter22",
        "aHVudGVyMjI=",
        "a1b2c3d4e5f6g7h8i9",
        "last-applied",
    ] {
        let at = text.find(secret);
        assert_eq!(
            at.and_then(|at| text.get(at.saturating_sub(80)..at + 20)),
            None,
            "{secret} is in the archive"
        );
    }
    for needed in [
        "DB_PASSWORD",
        "postgres://app:[redacted]@db:5432/shop",
        "root:[redacted]@tcp(db:3306)/shop",
        "cache:6379",
        "--upstream=http://cache:6379",
        "https://hooks.example/[redacted]",
        "registry.example/web:1",
        "--api-key=[redacted]",
        r#""secretKeyRef":{"name":"db","key":"password""#,
    ] {
        assert!(text.contains(needed), "{needed} is missing in\n{text}");
    }
}

#[test]
fn a_report_shows_no_secret_either() {
    let snapshot = FileSource::from_bytes("cluster.yaml", CLUSTER.as_bytes())
        .read(&ReadRequest::default(), &Silent)
        .unwrap();
    let report = serde_json::to_string(&diagnose(&snapshot, &Options::default())).unwrap();
    assert!(!report.contains("hunter22"), "{report}");
}
