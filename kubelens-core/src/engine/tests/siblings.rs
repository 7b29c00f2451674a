use crate::engine::{Options, diagnose};
use crate::snapshot::example::picture;

/// Two pods of one ReplicaSet that crash; the logs that were read are given.
fn causes(logs: &str) -> Vec<String> {
    let mut text = format!("# now: 2026-01-01T12:00:00Z\n{logs}");
    for name in ["web-a", "web-b"] {
        text.push_str(&format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, uid: {name}, ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r1, controller: true}}]}}\nspec: {{containers: [{{name: web}}]}}\nstatus:\n  phase: Running\n  containerStatuses:\n  - {{name: web, restartCount: 6, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, finishedAt: \"2026-01-01T11:58:00Z\"}}}}}}\n"
        ));
    }
    diagnose(&picture(&text), &Options::default())
        .causes
        .into_iter()
        .map(|cause| cause.code)
        .collect()
}

#[test]
fn one_log_explains_the_siblings_whose_logs_were_not_read() {
    assert_eq!(
        causes("# log: shop/web-a/web previous | KeyError: 'DATABASE_URL'\n"),
        ["WRK112"]
    );
}

#[test]
fn logs_that_differ_in_words_make_one_cause() {
    let logs = "# log: shop/web-a/web previous | dial tcp 10.0.0.7:1: connect: connection refused\n# log: shop/web-b/web previous | dial tcp 10.0.0.7:1: i/o timeout\n";
    assert_eq!(causes(logs), ["WRK101"]);
}

#[test]
fn a_helper_beside_the_program_that_is_down_is_the_cause() {
    let text = r#"
# now: 2026-01-01T12:00:00Z
# log: shop/web-a/web | dial tcp 127.0.0.1:5432: connect: connection refused
# log: shop/web-a/proxy previous | fatal error: not authorized to open the database
apiVersion: v1
kind: Pod
metadata: {name: web-a, namespace: shop, uid: p1}
spec: {containers: [{name: web}, {name: proxy}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:00:00Z"}]
  containerStatuses:
  - {name: web, ready: false, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}
  - {name: proxy, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}}
"#;
    let report = diagnose(&picture(text), &Options::default());
    let titles: Vec<&str> = report
        .causes
        .iter()
        .filter(|cause| cause.severity > crate::model::Severity::Info)
        .map(|cause| cause.title.as_str())
        .collect();
    assert!(
        titles.len() == 1 && titles[0].contains("`proxy`"),
        "{titles:?}"
    );
    // What is not ready goes on, whenever something last said so.
    assert_eq!(report.causes[0].last_seen, report.taken_at);
}
