use std::path::Path;

use super::*;
use crate::access::Role;
use crate::store::Shelf;

fn options() -> AuditOptions {
    AuditOptions {
        checkpoint_every: 4,
        ..AuditOptions::default()
    }
}

fn open(directory: &Path) -> Audit {
    let store = Store::open(directory).unwrap();
    Audit::open(options(), Some(store)).unwrap()
}

/// The writer lets the store go a moment after the last handle is dropped.
fn reopen_store(directory: &Path) -> Store {
    for _ in 0..500 {
        match Store::open(directory) {
            Err(StoreError::InUse { .. }) => {
                std::thread::sleep(std::time::Duration::from_millis(10))
            }
            other => return other.unwrap(),
        }
    }
    panic!("the store was never let go");
}

fn intent(user: &str, target: &str) -> Intent {
    Intent {
        user: user.to_owned(),
        role: Role::Operator,
        action: "pod.delete".to_owned(),
        method: "DELETE".to_owned(),
        path: "/api/pods/x/y".to_owned(),
        cluster: Some("default".to_owned()),
        target: Some(target.to_owned()),
        reason: None,
        dry_run: false,
        request_id: Some(format!("r-{target}")),
        client_ip: Some("192.0.2.7".to_owned()),
    }
}

async fn act(audit: &Audit, user: &str, target: &str, status: u16) {
    let ticket = audit.begin(intent(user, target)).await.unwrap();
    audit.end(ticket, status, 17).await.unwrap();
}

fn all(audit: &Audit) -> Vec<AuditEntry> {
    audit.find(&AuditFilter::default()).unwrap().1
}

#[tokio::test]
async fn an_intent_is_on_the_disk_before_the_action_and_its_outcome_after() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let ticket = audit.begin(intent("ann", "a")).await.unwrap();
    let mut lines = Vec::new();
    audit.export(&AuditFilter::default(), &mut lines).unwrap();
    let text = String::from_utf8(lines).unwrap();
    assert!(
        text.contains(r#""phase":"intent""#) && !text.contains("outcome"),
        "{text}"
    );
    assert!(audit.has_begun("r-a") && !audit.has_begun("r-a"));
    audit.end(ticket, 200, 17).await.unwrap();
    let [entry] = &all(&audit)[..] else { panic!() };
    assert_eq!((entry.status, entry.success, entry.bytes), (200, true, 17));
    assert!(entry.hash.is_some() && entry.prev_hash.is_some());
}

#[tokio::test]
async fn an_action_that_was_open_when_the_server_died_gets_an_outcome() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    act(&audit, "ann", "a", 200).await;
    let ticket = audit.begin(intent("bob", "b")).await.unwrap();
    // As a kill would leave it: nobody ends the ticket.
    std::mem::forget(ticket);
    let copy = tempfile::tempdir().unwrap();
    let mut backup = Vec::new();
    audit
        .inner
        .store
        .as_ref()
        .unwrap()
        .backup(&mut backup)
        .unwrap();
    let store = Store::restore(copy.path(), &mut &backup[..]).unwrap();
    let audit = Audit::open(options(), Some(store)).unwrap();
    let entries = all(&audit);
    let seen: Vec<_> = entries
        .iter()
        .map(|it| (it.user.as_deref(), it.status))
        .collect();
    assert_eq!(seen, [(Some("bob"), 500), (Some("ann"), 200)]);
    assert!(entries[0].reason.as_ref().unwrap().contains("unknown"));
}

#[tokio::test]
async fn a_dropped_ticket_is_recorded_as_unknown() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    drop(audit.begin(intent("ann", "a")).await.unwrap());
    act(&audit, "ann", "b", 200).await;
    let entries = all(&audit);
    assert_eq!(
        (entries[1].status, entries[1].target.as_deref()),
        (500, Some("a"))
    );
}

#[tokio::test]
async fn without_a_store_changes_are_refused_and_denials_still_shown() {
    let audit = Audit::open(options(), None).unwrap();
    let error = audit.begin(intent("ann", "a")).await.unwrap_err();
    assert!(error.to_string().contains("STATE_DIR"), "{error}");
    let mut events = audit.subscribe();
    let denied = AuditEntry::new("GET", "/api/pods").finished(401, 0, std::time::Duration::ZERO);
    audit.keep(denied).await;
    assert_eq!(events.recv().await.unwrap().status, 401);
    assert_eq!(all(&audit).len(), 1);
    assert!(audit.health().problem.is_some());
}

#[tokio::test]
async fn polling_pushes_out_no_mutation_and_equal_reads_are_one() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    act(&audit, "ann", "a", 200).await;
    for n in 0..1_000 {
        let path = format!("/api/pods/{}", n % 400);
        audit.note(AuditEntry::new("GET", &path).finished(200, 0, std::time::Duration::ZERO));
    }
    act(&audit, "ann", "b", 200).await;
    let (total, _) = audit
        .find(&AuditFilter {
            limit: 500,
            ..AuditFilter::default()
        })
        .unwrap();
    assert_eq!(total, 202);
    let other = AuditFilter {
        user: Some("ann".into()),
        ..AuditFilter::default()
    };
    assert_eq!(audit.find(&other).unwrap().0, 2);
}

#[tokio::test]
async fn searches_by_actor_action_object_and_time() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    act(&audit, "ann", "Pod shop/web", 200).await;
    act(&audit, "bob", "Pod shop/db", 409).await;
    let find = |filter: AuditFilter| -> Vec<String> {
        let (_, entries) = audit.find(&filter).unwrap();
        entries.into_iter().map(|it| it.user.unwrap()).collect()
    };
    let any = AuditFilter::default;
    assert_eq!(
        find(AuditFilter {
            user: Some("bob".into()),
            ..any()
        }),
        ["bob"]
    );
    assert_eq!(
        find(AuditFilter {
            action: Some("pod.".into()),
            ..any()
        }),
        ["bob", "ann"]
    );
    assert_eq!(
        find(AuditFilter {
            target: Some("shop/web".into()),
            ..any()
        })
        .len(),
        1
    );
    assert_eq!(
        find(AuditFilter {
            success: Some(false),
            ..any()
        }),
        ["bob"]
    );
    let later = jiff::Timestamp::now() + SignedDuration::from_secs(60);
    assert!(
        find(AuditFilter {
            since: Some(later),
            ..any()
        })
        .is_empty()
    );
}

#[tokio::test]
async fn the_trail_of_a_store_verifies_and_a_record_taken_out_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    for n in 0..5 {
        act(&audit, "ann", &n.to_string(), 200).await;
    }
    drop(audit);
    drop(reopen_store(directory.path()));
    let verdict = command::verify_store(directory.path(), &[]).unwrap();
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    assert_eq!((verdict.records, verdict.first), (10, Some(1)));

    let store = Store::open(directory.path()).unwrap();
    let key = [b"r", &3_u64.to_be_bytes()[..]].concat();
    store.remove(Shelf::Audit, &key).unwrap();
    drop(store);
    let verdict = command::verify_store(directory.path(), &[]).unwrap();
    assert_eq!(verdict.faults, [Fault::Missing { from: 3, to: 3 }]);
}

#[tokio::test]
async fn a_trail_whose_end_was_cut_opens_for_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    act(&audit, "ann", "a", 200).await;
    drop(audit);
    let store = reopen_store(directory.path());
    let key = [b"r", &2_u64.to_be_bytes()[..]].concat();
    store.remove(Shelf::Audit, &key).unwrap();
    let error = Audit::open(options(), Some(store)).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    drop(reopen_store(directory.path()));
    let verdict = command::verify_store(directory.path(), &[]).unwrap();
    assert_eq!(
        verdict.faults,
        [Fault::Truncated {
            last: Some(1),
            head: 2
        }]
    );
}

#[tokio::test]
async fn old_records_go_and_the_rest_still_verifies() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let few = AuditOptions {
        most_records: 10,
        ..options()
    };
    let audit = Audit::open(few, Some(store)).unwrap();
    for n in 0..20 {
        act(&audit, "ann", &n.to_string(), 200).await;
    }
    drop(audit);
    drop(reopen_store(directory.path()));
    let verdict = command::verify_store(directory.path(), &[]).unwrap();
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    assert_eq!((verdict.records, verdict.first), (10, Some(31)));
}

#[tokio::test]
async fn the_file_has_the_same_records_and_catches_up() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.jsonl");
    let state = directory.path().join("state");
    let audit = open(&state);
    act(&audit, "ann", "before there was a file", 200).await;
    drop(audit);
    let with_file = AuditOptions {
        file: Some(file.clone()),
        ..options()
    };
    let audit = Audit::open(with_file, Some(reopen_store(&state))).unwrap();
    act(&audit, "ann", "after", 200).await;
    let mut exported = Vec::new();
    audit
        .export(&AuditFilter::default(), &mut exported)
        .unwrap();
    drop(audit);
    drop(reopen_store(&state));
    assert_eq!(std::fs::read(&file).unwrap(), exported);
    let text = String::from_utf8(exported).unwrap();
    assert!(verify(text.lines(), None, None, &[]).is_intact());
}

#[tokio::test]
async fn a_file_that_cannot_be_written_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let bad = AuditOptions {
        file: Some(directory.path().join("none/audit.jsonl")),
        ..options()
    };
    let store = Store::open(&directory.path().join("state")).unwrap();
    let error = Audit::open(bad, Some(store)).unwrap_err();
    assert!(matches!(error, AuditError::File { .. }), "{error}");
}
