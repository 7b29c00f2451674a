//! What was broken when.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use kubelens_core::model::{CoverageState, KindCoverage, Report, Severity};
use kubelens_server::history::{Ending, Entry, Episode, History};
use kubelens_server::store::Store;

use crate::guarded::guarded;
use crate::server::Server;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

async fn report() -> Report {
    let server = Server::start().await;
    let picture = server.state.clusters.first().seen().unwrap();
    (*picture.report).clone()
}

fn episodes(history: &History) -> Vec<Episode> {
    let mut all = Vec::new();
    history
        .each_back("shop", |entry| {
            if let Entry::Cause { episode, .. } = entry {
                all.push(*episode);
            }
            true
        })
        .unwrap();
    all
}

/// Reports, of which every other has a cause of its own.
const NUMBERS: i64 = 400;

/// A history, and what a report has and has not any more.
struct Told {
    _directory: tempfile::TempDir,
    store: Store,
    whole: Arc<Report>,
    /// The same without its first cause.
    less: Report,
    gone: String,
}

async fn told() -> Told {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let whole = report().await;
    let mut less = whole.clone();
    let gone = less.causes.remove(0);
    assert!(gone.severity > Severity::Info, "{gone:?}");
    assert!(!less.causes.is_empty());
    Told {
        _directory: directory,
        store,
        whole: Arc::new(whole),
        gone: gone.id,
        less,
    }
}

#[tokio::test]
async fn a_cause_has_the_time_of_the_reports_that_had_it_also_across_a_restart() {
    let told = told().await;
    let history = History::of(told.store.clone());
    history.take("shop", &told.whole, at(0)).unwrap();
    let all = episodes(&history);
    let bad = told.whole.causes.iter();
    let bad = bad.filter(|cause| cause.severity > Severity::Info).count();
    assert_eq!(all.len(), bad);
    assert!(
        all.iter()
            .all(|it| it.ending.is_none() && it.reported_from == at(0))
    );

    // The next server goes on with it.
    let history = History::of(told.store.clone());
    let less = Arc::new(told.less);
    history.take("shop", &less, at(1)).unwrap();
    let all = episodes(&history);
    assert_eq!(all.len(), bad, "nothing begins anew");
    let (over, open): (Vec<_>, Vec<_>) = all.iter().partition(|it| it.ending.is_some());
    assert_eq!(open.len(), bad - 1);
    assert_eq!(over[0].id, told.gone);
    assert_eq!(over[0].ending, Some(Ending::Recovered));
    assert_eq!(over[0].reported_until, Some(at(0)));
    assert_eq!(over[0].ended_at, Some(at(1)));

    // It comes back: another episode of the same cause.
    history.take("shop", &told.whole, at(2)).unwrap();
    let all = episodes(&history);
    let ids = all.iter().filter(|it| it.id == told.gone);
    assert_eq!(ids.count(), 2);
    assert_eq!(all[0].reported_from, at(2), "the newest stands first");
    assert_eq!(history.looked_at("shop").unwrap(), Some(at(2)));
    assert_eq!(history.looked_at("elsewhere").unwrap(), None);
}

#[tokio::test]
async fn what_cannot_be_seen_any_more_has_not_recovered() {
    let told = told().await;
    for is_restarted in [false, true] {
        let cluster = "shop";
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let mut history = History::of(store.clone());
        history.take(cluster, &told.whole, at(0)).unwrap();
        if is_restarted {
            history = History::of(store);
        }
        let code = told.whole.causes[0].code.clone();
        let mut blind = told.less.clone();
        blind.coverage.kinds.push(KindCoverage {
            kind: "Pod".to_owned(),
            state: CoverageState::Forbidden,
            detail: "may not be listed".to_owned(),
            checks_skipped: vec![code],
        });
        history.take(cluster, &Arc::new(blind), at(1)).unwrap();
        let over: Vec<_> = episodes(&history)
            .into_iter()
            .filter(|it| it.ending.is_some())
            .collect();
        assert_eq!(over.len(), 1);
        assert_eq!(over[0].ending, Some(Ending::Unknown), "{is_restarted}");
    }
}

#[tokio::test]
async fn a_time_that_nobody_watched_is_told() {
    let told = told().await;
    let history = History::of(told.store.clone());
    history.take("shop", &told.whole, at(0)).unwrap();
    history.take("shop", &told.whole, at(1)).unwrap();
    let history = History::of(told.store);
    let later = at(1) + SignedDuration::from_hours(2);
    history.take("shop", &told.whole, later).unwrap();
    let mut gaps = Vec::new();
    history
        .each_back("shop", |entry| {
            if let Entry::Unwatched(gap) = entry {
                gaps.push((gap.from, gap.until));
            }
            true
        })
        .unwrap();
    assert_eq!(gaps, [(at(0), later)], "what was written last is known");
    assert!(episodes(&history).iter().all(|it| it.ending.is_none()));
}

#[tokio::test]
async fn what_is_over_for_a_month_goes() {
    let told = told().await;
    let history = History::of(told.store.clone());
    let mut one = told.less.clone();
    one.causes.truncate(1);
    let mut none = one.clone();
    none.causes.clear();
    // An old cause goes on all the time.
    history.take("shop", &Arc::new(one.clone()), at(0)).unwrap();
    let (with, without) = (told.whole.causes[0].clone(), one);
    for number in 1..=NUMBERS {
        let mut next = without.clone();
        if number % 2 == 1 {
            let mut cause = with.clone();
            cause.id = format!("{number:012x}");
            next.causes.push(cause);
        }
        history.take("shop", &Arc::new(next), at(number)).unwrap();
    }
    let all = episodes(&history);
    assert_eq!(all.len(), 201);
    assert_eq!(all.last().unwrap().ending, None, "the oldest goes on");
    let much_later = at(NUMBERS) + SignedDuration::from_hours(24 * 40);
    let history = History::of(told.store);
    for minute in 0..8 {
        let now = much_later + SignedDuration::from_mins(minute);
        let mut next = without.clone();
        next.summary.health_score = Some(u8::try_from(minute).unwrap());
        history.take("shop", &Arc::new(next), now).unwrap();
    }
    let left = episodes(&history);
    assert!(left.len() < all.len(), "what is over for a month goes");
    assert_eq!(left.last().unwrap().ending, None);
}

#[tokio::test]
async fn everybody_may_ask_for_it() {
    let guarded = guarded(false).await;
    let path = "/api/report/history";
    let mut found = guarded.ask("viewer", Method::GET, path).await;
    for _ in 0..200 {
        assert_eq!(found.status, StatusCode::OK, "{}", found.text());
        if found.json()["items"] != serde_json::json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        found = guarded.ask("viewer", Method::GET, path).await;
    }
    let found = found.json();
    let items = found["items"].as_array().unwrap();
    assert!(items.iter().all(|it| it["severity"] != "info"), "{found:#}");
    assert!(items.iter().all(|it| it["involved"].is_null()), "{found:#}");
    assert!(found["watchedUntil"].is_string());
    let id = items[0]["id"].as_str().unwrap();
    let one = guarded
        .ask("viewer", Method::GET, &format!("{path}?cause={id}"))
        .await;
    assert_eq!(one.json()["items"].as_array().unwrap().len(), 1);
    let some = guarded
        .ask("viewer", Method::GET, &format!("{path}?limit=1"))
        .await;
    assert_eq!(some.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(some.json()["hasMore"], items.len() > 1);
    let past = format!("{path}?until=2020-01-01T00:00:00Z");
    let past = guarded.ask("viewer", Method::GET, &past).await;
    assert_eq!(past.json()["items"], serde_json::json!([]));
    for wrong in ["limit=0", "since=yesterday"] {
        let answer = guarded
            .ask("viewer", Method::GET, &format!("{path}?{wrong}"))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}
