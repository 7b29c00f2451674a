//! What leaves the machine in a snapshot.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::io::Read;

use kubelens_core::kubernetes::Secret;
use kubelens_core::source::{FileSource, ReadRequest, Silent, archive};
use kubelens_core::{Options, Snapshot, diagnose};

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

#[test]
fn of_a_certificate_its_public_facts_are_archived_and_its_key_is_not() {
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: shop-tls, namespace: shop}}\ntype: kubernetes.io/tls\ndata: {{tls.crt: {CERTIFICATE}, tls.key: aHVudGVyMjI=}}\n"
    );
    let read = |name: &str, bytes: &[u8]| {
        FileSource::from_bytes(name, bytes.to_vec())
            .read(&ReadRequest::default(), &Silent)
            .unwrap()
    };
    let chain = |snapshot: &Snapshot| {
        let secrets = snapshot.table::<Secret>();
        secrets
            .get("shop", "shop-tls")
            .unwrap()
            .certificate_chain
            .clone()
    };
    let snapshot = read("secret.yaml", secret.as_bytes());
    let known = chain(&snapshot).unwrap();
    assert_eq!(known.certificates.len(), 1);
    let mut saved = Vec::new();
    archive::save(&snapshot, &mut saved).unwrap();
    let text = unpacked(&saved);
    assert!(!text.contains("aHVudGVyMjI=") && !text.contains(&CERTIFICATE[..40]));
    assert_eq!(chain(&read("saved.tar.gz", &saved)), Some(known));
}

/// A self-signed certificate of the year 2024, PEM in base64.
const CERTIFICATE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJYVENDQVFPZ0F3SUJBZ0lCQVRBS0JnZ3Foa2pPUFFRREFqQVhNUlV3RXdZRFZRUUREQXh6YUc5d0xtVjQKWVcxd2JHVXdIaGNOTWpRd01UQXhNREF3TURBd1doY05NalV3TVRBeE1EQXdNREF3V2pBWE1SVXdFd1lEVlFRRApEQXh6YUc5d0xtVjRZVzF3YkdVd1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFRdWcvQVZReXBnCjFkaEtYblpOSno4V3dKWnlqU3A3N0d4MUl3KzlOaXRtZkxjdjY2UjFlYWM2S1BISktlQ0p5MUpsVGd6L1czZEcKQVNhczhwQ2tQeWlYbzBBd1BqQWRCZ05WSFJFRUZqQVVnZ3h6YUc5d0xtVjRZVzF3YkdXSEJBb0FBQWN3SFFZRApWUjBPQkJZRUZBVlBiL1lncHBhN3k3OHQ5Z0d4bjg4cHp5cUZNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJQldUCk4veW1aWWcvYUIvWXZib1FtbG93eTQzQzVTQ3BzWWdLU1MyYitSMm9BaUVBL09xSmVmZTI1WjBOZURpbnNjOEwKQWdudENxRlhkMytwT1l5YWhhbklva2M9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K";
