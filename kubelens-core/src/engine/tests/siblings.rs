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
