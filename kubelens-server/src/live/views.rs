//! The picture of a cluster as it is to people with limited rights: those with the same rights share one, with a
//! diagnosis of its own. What they may not read is a gap there, like what this server may not read.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubelens_core::engine::{Following, Options};
use kubelens_core::kubernetes::{GroupKind, Kind};
use kubelens_core::model::{CoverageState, Report};
use kubelens_core::snapshot::{Snapshot, SnapshotBuilder, Writer, custom_kind};
use lru::LruCache;

use super::news::report_news;
use super::{Cluster, Picture};
use crate::access::Identity;
use crate::access::rights::{Catalogue, Readable, Rights, RightsError, Sight};
use crate::api::error::{ApiError, Code};
use crate::bus::Bus;

/// How long it is held for known what somebody may see.
const KNOWN: Duration = Duration::from_mins(1);

/// How long asking for all of it may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// People whose rights are remembered.
const MOST_PEOPLE: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// Pictures that are kept: one for all people with the same rights.
const MOST_VIEWS: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// What people with the same rights see of a cluster.
#[derive(Debug)]
pub struct View {
    id: u64,
    sight: Sight,
    shown: tokio::sync::Mutex<Option<Shown>>,
    /// Whether the picture of this revision holds nothing else than what is seen.
    is_all: Mutex<Option<(u64, bool)>>,
    /// The report that listeners heard of last.
    told: Mutex<Option<Arc<Report>>>,
}

#[derive(Debug)]
struct Shown {
    going_on: Following,
    picture: Arc<Picture>,
}

type Slot = Arc<tokio::sync::Mutex<Option<(Instant, Arc<View>)>>>;

/// All views of one cluster, and whose they are.
#[derive(Debug)]
pub(super) struct Views {
    people: LruCache<String, Slot>,
    known: LruCache<u64, Arc<View>>,
    listened: Vec<Weak<View>>,
}

/// Ids of views in this process; 0 is the whole picture.
static IDS: AtomicU64 = AtomicU64::new(1);

impl Default for Views {
    fn default() -> Self {
        Self {
            people: LruCache::new(MOST_PEOPLE),
            known: LruCache::new(MOST_VIEWS),
            listened: Vec::new(),
        }
    }
}

impl Views {
    /// The view of this sight; a new one, if nobody has it yet.
    fn view(&mut self, sight: Sight) -> Arc<View> {
        let listened = self.listened.iter().filter_map(Weak::upgrade);
        let mut known = self
            .known
            .iter()
            .map(|(_, view)| Arc::clone(view))
            .chain(listened);
        if let Some(view) = known.find(|view| view.sight == sight) {
            self.known.put(view.id, Arc::clone(&view));
            return view;
        }
        let view = Arc::new(View {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            sight,
            shown: tokio::sync::Mutex::default(),
            is_all: Mutex::default(),
            told: Mutex::default(),
        });
        self.known.put(view.id, Arc::clone(&view));
        view
    }
}

/// How many of each are kept, for who looks after the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ViewCounts {
    /// People whose rights are remembered.
    pub people: usize,
    /// Pictures for limited rights.
    pub views: usize,
}

impl Cluster {
    /// What somebody sees of it; none without impersonation, when everybody sees what the server sees.
    pub async fn view_of(&self, who: &Identity) -> Result<Option<Arc<View>>, ApiError> {
        if !self.impersonates() {
            return Ok(None);
        }
        self.named(who)?;
        let unknown = |why: String| ApiError::new(Code::RightsUnknown, why).retry_after(5);
        let not_connected = || {
            unknown(format!(
                "what {} may do is unknown: cluster {} is not connected",
                who.name, self.name
            ))
        };
        let rights = self.rights().ok_or_else(not_connected)?;
        let base = self.seen().ok_or_else(not_connected)?;
        let slot = self.with_views(|views| {
            let key = who.as_seen_by_clusters();
            Arc::clone(views.people.get_or_insert(key, Slot::default))
        });
        // One asks, and others of the same name wait for the answer.
        let mut known = slot.lock().await;
        if let Some((at, view)) = known.as_ref()
            && at.elapsed() < KNOWN
        {
            return Ok(Some(Arc::clone(view)));
        }
        let catalogue = Catalogue::of(&base.snapshot);
        let asked = asked(rights, who.clone(), catalogue);
        let sight = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(sight)) => sight,
            Ok(Err(error @ RightsError::Refused { .. })) => {
                return Err(ApiError::new(Code::Forbidden, error.to_string()));
            }
            Ok(Err(error)) => {
                *known = None;
                return Err(unknown(error.to_string()));
            }
            Err(_) => {
                *known = None;
                return Err(unknown(format!(
                    "what {} may do is unknown: asking took too long",
                    who.name
                )));
            }
        };
        let view = self.with_views(|views| views.view(sight));
        *known = Some((Instant::now(), Arc::clone(&view)));
        Ok(Some(view))
    }

    /// The picture as somebody sees it, if it can be trusted.
    pub async fn picture_for(&self, view: &View, most: i64) -> Result<Arc<Picture>, ApiError> {
        view.picture(&self.picture(most)?).await
    }

    /// How many views are kept.
    pub fn view_counts(&self) -> ViewCounts {
        self.with_views(|views| ViewCounts {
            people: views.people.len(),
            views: views.known.len(),
        })
    }

    /// Somebody listens to what becomes of a view, for as long as they hold it.
    pub fn listen(&self, view: &Arc<View>) {
        self.with_views(|views| {
            views.listened.retain(|known| known.strong_count() > 0);
            let is_known = |known: &Weak<View>| known.upgrade().is_some_and(|it| it.id == view.id);
            if !views.listened.iter().any(is_known) {
                views.listened.push(Arc::downgrade(view));
            }
        });
    }

    fn listened(&self) -> Vec<Arc<View>> {
        self.with_views(|views| views.listened.iter().filter_map(Weak::upgrade).collect())
    }
}

async fn asked(
    rights: Arc<dyn Rights>,
    who: Identity,
    catalogue: Catalogue,
) -> Result<Sight, RightsError> {
    Sight::of(rights.as_ref(), &who, &catalogue).await
}

impl View {
    /// Its number in this process.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// What is seen.
    pub const fn sight(&self) -> &Sight {
        &self.sight
    }

    /// A picture of the cluster as it is seen here.
    pub async fn picture(&self, base: &Arc<Picture>) -> Result<Arc<Picture>, ApiError> {
        if self.is_all(base) {
            return Ok(Arc::clone(base));
        }
        let mut shown = self.shown.lock().await;
        // Another request may have had a newer one in its hands.
        if let Some(known) = shown.as_ref()
            && known.picture.revision >= base.revision
        {
            return Ok(Arc::clone(&known.picture));
        }
        let (sight, before, base) = (self.sight.clone(), shown.take(), Arc::clone(base));
        let id = self.id;
        let next = tokio::task::spawn_blocking(move || next(&sight, id, before, &base)).await;
        let next = next.map_err(|error| {
            ApiError::new(Code::Internal, format!("the diagnosis failed: {error}"))
        })?;
        let picture = Arc::clone(&next.picture);
        *shown = Some(next);
        Ok(picture)
    }

    fn is_all(&self, base: &Picture) -> bool {
        let mut known = self.is_all.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((revision, is_all)) if revision == base.revision => is_all,
            _ => {
                let is_all = self.sight.shows_all_of(&base.snapshot);
                *known = Some((base.revision, is_all));
                is_all
            }
        }
    }

    /// What became of its report since this was asked last; nothing the first time.
    fn news(&self, report: &Arc<Report>) -> Option<crate::bus::Draft> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let before = told.replace(Arc::clone(report))?;
        report_news(&before, report)
    }
}

/// The next picture of a view.
fn next(sight: &Sight, id: u64, before: Option<Shown>, base: &Picture) -> Shown {
    let started = Instant::now();
    let snapshot = limited(&base.snapshot, sight);
    let going_on = match before.map(|shown| shown.going_on) {
        Some(mut going_on) => {
            going_on.go_on_to(&snapshot);
            going_on
        }
        None => Following::begin(&snapshot, &Options::default()),
    };
    let report = Arc::new(going_on.report());
    let picture = Picture {
        report_json: super::follow::written(&report),
        report,
        snapshot,
        revision: base.revision,
        as_of: base.as_of,
        troubles: base.troubles.clone(),
        usage: if *sight.of_kind(Kind::Node) == Readable::Everywhere
            && *sight.of_kind(Kind::NodeMetrics) == Readable::Everywhere
        {
            base.usage.clone()
        } else {
            super::Usage::default()
        },
        diagnosed_in: started.elapsed().as_secs_f64(),
        answers: super::Answers::default(),
        view: id,
    };
    Shown {
        going_on,
        picture: Arc::new(picture),
    }
}

/// A picture that holds what may be seen, and says of the rest that it could not be read. It begins with nothing:
/// what nobody allowed is not there.
fn limited(base: &Snapshot, sight: &Sight) -> Snapshot {
    let mut builder = SnapshotBuilder::new(base.info().clone(), base.scope().clone());
    let readable = |kind: &str| match Kind::from_name(kind) {
        Some(kind) => sight.of_kind(kind).clone(),
        None => sight.of_custom(kind).clone(),
    };
    for (kind, namespace, gap) in base.gaps().by_kind_and_namespace() {
        // What is said of one namespace is for who sees it.
        if namespace.is_none_or(|namespace| readable(kind).shows(namespace)) {
            builder.gap(kind, namespace, gap.state, gap.detail.clone());
        }
    }
    let typed = Kind::ALL
        .iter()
        .map(|kind| (kind.as_str().to_owned(), kind.plural()));
    let custom = base
        .custom_listed()
        .iter()
        .map(|name| (name.clone(), name.as_str()));
    for (kind, words) in typed.chain(custom) {
        let known = base.gaps().outside().find(|(name, ..)| *name == kind);
        match (readable(&kind), known) {
            (Readable::Everywhere, None) => {}
            (Readable::Everywhere, Some((_, namespaces, gap))) => {
                builder.gap_outside(&kind, namespaces.clone(), gap.state, gap.detail.clone());
            }
            (Readable::In(namespaces), known) => {
                let detail = format!(
                    "the caller may not list {words} in all namespaces (see: kubectl auth can-i list {words} -A)"
                );
                let namespaces: BTreeSet<String> = match known {
                    Some((_, known, _)) => namespaces.intersection(known).cloned().collect(),
                    None => namespaces,
                };
                if namespaces.is_empty() {
                    builder.gap(&kind, None, CoverageState::Forbidden, detail);
                } else {
                    builder.gap_outside(&kind, namespaces, CoverageState::Forbidden, detail);
                }
            }
        }
    }
    for name in base.custom_listed() {
        if !sight.of_custom(name).is_nowhere() {
            builder.listed_custom(name);
        }
    }
    for object in base.written_as() {
        let namespace = object.namespace.as_deref().unwrap_or_default();
        if Kind::from_name(&object.kind).is_some_and(|kind| sight.shows(kind, namespace)) {
            builder.written_as(object.clone());
        }
    }
    let taken_at = base.taken_at().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut writer = Writer::new(&builder.build_live(taken_at));
    for kind in Kind::ALL.iter().copied() {
        take_over(&mut writer, base, kind, sight.of_kind(kind));
    }
    for (word, objects) in base.custom() {
        // Groups may share a word: it is seen where all of them are.
        let groups: BTreeSet<&str> = objects.iter().map(|object| object.group()).collect();
        let all = groups
            .iter()
            .map(|group| sight.of_custom(&custom_kind(group, word)));
        match common(all) {
            Readable::Everywhere => writer.replace_custom(word, None, base),
            Readable::In(namespaces) if !namespaces.is_empty() => {
                let mut list = base.custom().get(word).cloned().unwrap_or_default();
                list.retain(|object| namespaces.contains(object.metadata.namespace.as_str()));
                for object in list {
                    writer.add_custom((*object).clone());
                }
            }
            Readable::In(_) => {}
        }
    }
    let logs = base.logs().iter();
    let logs = logs.filter(|(key, _)| sight.of_logs().shows(&key.namespace));
    let logs = logs.map(|(key, log)| (key.clone(), log.clone())).collect();
    writer.snapshot(taken_at).with_logs(logs)
}

fn take_over(writer: &mut Writer, base: &Snapshot, kind: Kind, readable: &Readable) {
    match readable {
        Readable::Everywhere => writer.replace(kind, None, base),
        // They are in no namespace but their own.
        Readable::In(namespaces) if kind == Kind::Namespace => {
            if namespaces.is_empty() {
                return;
            }
            writer.replace(kind, None, base);
            for meta in base.tables().all_metadata(kind) {
                if !namespaces.contains(meta.name.as_str()) {
                    writer.remove(kind, "", &meta.name);
                }
            }
        }
        Readable::In(namespaces) => {
            for namespace in namespaces {
                if base.tables().has_in_namespace(kind, namespace) {
                    writer.replace(kind, Some(namespace), base);
                }
            }
            // Objects with every field come along from everywhere.
            let whole = GroupKind::of(kind.api_version(), kind.as_str());
            for object in base.whole().all(&whole) {
                if !readable.shows(&object.namespace) {
                    writer.remove(kind, &object.namespace, &object.name);
                }
            }
        }
    }
}

/// Where all of several are readable.
fn common<'a>(all: impl Iterator<Item = &'a Readable>) -> Readable {
    all.fold(Readable::Everywhere, |so_far, one| match (so_far, one) {
        (so_far, Readable::Everywhere) => so_far,
        (Readable::Everywhere, one) => one.clone(),
        (Readable::In(known), Readable::In(one)) => {
            Readable::In(known.intersection(one).cloned().collect())
        }
    })
}

/// Tells listeners with limited rights how their reports change, for as long as this is awaited.
pub async fn tell_views(cluster: Arc<Cluster>, bus: Arc<Bus>) {
    let mut pictures = cluster.pictures();
    while pictures.changed().await.is_ok() {
        let Some(base) = pictures.borrow_and_update().clone() else {
            continue;
        };
        for view in cluster.listened() {
            match view.picture(&base).await {
                Ok(picture) => {
                    let draft = view.news(&picture.report);
                    bus.tell(draft.map(|draft| draft.of_cluster(&cluster.name).of_view(view.id)));
                }
                Err(error) => {
                    tracing::error!(cluster = %cluster.name, "a view could not be told of: {}", error.message);
                }
            }
        }
    }
}
