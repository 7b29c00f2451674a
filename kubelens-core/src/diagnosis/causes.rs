use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::affected::affected;
use super::chain::chain;
use super::changes::changes;
use super::fronts::fronts;
use super::graph::Graph;
use super::index::{Index, Seen, id_of};
use super::ruled_out::alternatives;
use super::shared::Causes;
use super::unexplained::unexplained;
use crate::analysis::{Analyzer, Sighting};
use crate::model::{
    Cause, Evidence, EvidenceKind, Finding, Group, ObjectRef, Severity, Suggestion, SuppressedBy,
    counted, fingerprint, some_of,
};
use crate::snapshot::{Cluster, Snapshot};

/// Most items of proof that a cause carries.
const MOST_EVIDENCE: usize = 14;

/// Most names that are listed in a sentence.
const MOST_NAMES: usize = 3;

/// Folds every sighting into the cause that explains it: causes unranked, findings with their cause.
pub(super) fn fold(
    index: &Index<'_>,
    graph: &Graph,
    cluster: &Cluster<'_>,
) -> (Vec<Cause>, Vec<Finding>) {
    let ids = Causes::of(index, graph);
    let mut families: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for at in 0..index.seen.len() {
        for root in graph.roots(at) {
            if let Some(id) = ids.id(root) {
                families.entry(id).or_default().insert(at);
            }
        }
    }
    let mut findings: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, seen) in index.seen.iter().enumerate() {
        let cause = ids.id(graph.root(at)).unwrap_or(&seen.id);
        findings.entry((&seen.id, cause)).or_default().push(at);
    }
    let causes = families
        .iter()
        .filter_map(|(id, members)| cause(index, graph, cluster, (&ids, id), members))
        .collect();
    let findings = findings
        .into_iter()
        .filter_map(|((_, cause), members)| finding(index, &members, cause, cluster))
        .collect();
    (causes, findings)
}

/// Ranks: severity, reach, confidence, id.
pub(super) fn rank(causes: &mut [Cause]) {
    causes.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then(b.affected.len().cmp(&a.affected.len()))
            .then(b.confidence.total_cmp(&a.confidence))
            .then(a.id.cmp(&b.id))
    });
    for (at, cause) in causes.iter_mut().enumerate() {
        cause.rank = at + 1;
    }
}

/// Findings that the user's settings keep from becoming causes: each fault once, however many objects show it.
pub(super) fn suppressed(all: &[(&'static Analyzer, Sighting, SuppressedBy)]) -> Vec<Finding> {
    let mut findings: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    for (analyzer, sighting, by) in all {
        let id = id_of(analyzer.code, sighting);
        findings
            .entry((id.clone(), &by.place))
            .and_modify(|finding| finding.occurrences += 1)
            .or_insert_with(|| Finding {
                suppressed: true,
                suppressed_by: Some(by.clone()),
                ..as_finding(analyzer, sighting, &id, &id, 1)
            });
    }
    findings.into_values().collect()
}

/// A finding about KubeLens itself: an analyzer panicked, so its condition was not looked for.
pub(super) fn failed_analyzer(snapshot: &Snapshot, code: &str) -> Finding {
    let id = fingerprint(["INT001", code]);
    Finding {
        cause_id: id.clone(),
        id,
        code: "INT001".to_owned(),
        name: "analyzer-failed".to_owned(),
        severity: Severity::Info,
        confidence: 1.0,
        subject: ObjectRef::pseudo("Cluster", &snapshot.info().name),
        title: format!("Analyzer {code} failed: its condition was not looked for"),
        explanation: "This is a fault of KubeLens, not of the cluster. All other analyzers ran."
            .to_owned(),
        evidence: Vec::new(),
        suggestions: Vec::new(),
        occurrences: 1,
        suppressed: false,
        suppressed_by: None,
        first_seen: snapshot.taken_at(),
        last_seen: snapshot.taken_at(),
    }
}

fn cause(
    index: &Index<'_>,
    graph: &Graph,
    cluster: &Cluster<'_>,
    (ids, id): (&Causes<'_>, &str),
    members: &BTreeSet<usize>,
) -> Option<Cause> {
    let own: Vec<usize> = members
        .iter()
        .copied()
        .filter(|at| graph.parent(*at).is_none() && ids.id(*at) == Some(id))
        .collect();
    let primary = primary(index, &own)?;
    let folded: Vec<usize> = members
        .iter()
        .copied()
        .filter(|at| !own.contains(at))
        .collect();
    let severity = members
        .iter()
        .filter_map(|at| index.get(*at))
        .map(Seen::told_severity)
        .max()
        .unwrap_or(primary.told_severity());
    let severity = match (primary.sighting.chosen, primary.sighting.ceiling) {
        (Some(chosen), _) => chosen,
        (None, Some(ceiling)) => severity.min(ceiling),
        (None, None) => severity,
    };
    let thing = ids.thing(&own);
    let mut all: Vec<usize> = own.clone();
    all.extend(&folded);
    let mut evidence = evidence(index, primary, &own, &folded);
    let subject = thing.map_or_else(
        || primary.sighting.subject.clone(),
        |(thing, _)| thing.object.clone(),
    );
    let (first_seen, last_seen) = span(index, &all, &evidence, cluster);
    let sighting = &primary.sighting;
    let fronts = if severity == Severity::Critical {
        fronts(index, &all, cluster)
    } else {
        Vec::new()
    };
    let affected = affected(index, &all, &subject, &fronts);
    let began = onset(index, &all, &evidence, cluster);
    // Behind the first item, which says what is wrong: what changed is the next thing to look at.
    let place = evidence.len().min(1);
    let changes = changes(&subject, &affected, began, &evidence, cluster);
    evidence.splice(place..place, changes);
    let chain = chain(index, graph, &all, &subject, &fronts, &mut evidence);
    let said = thing.map_or(&sighting.explanation, |(thing, _)| &thing.explanation);
    let mut explanation = with_pods(said, &sighting.subject, index, &own, &folded);
    explanation.extend(unexplained(primary, cluster));
    Some(Cause {
        rank: 0,
        id: id.to_owned(),
        code: primary.code().to_owned(),
        name: primary.analyzer.name.to_owned(),
        severity,
        confidence: confidence(primary, &evidence),
        title: thing.map_or_else(
            || with_others(&sighting.title, primary, index, &own),
            |(thing, sufferers)| thing.title(sufferers),
        ),
        explanation,
        chain,
        affected,
        ruled_out: alternatives(primary),
        suggestions: match thing {
            Some((thing, _)) => thing.suggestions.clone(),
            None => suggestions(index, primary, &own, &folded),
        },
        group: sighting
            .group
            .as_ref()
            .filter(|_| thing.is_none())
            .map(|(key, title)| Group {
                key: format!("{}/{key}", primary.code()),
                title: title.clone(),
                size: 1,
            }),
        evidence,
        subject,
        first_seen,
        last_seen,
        clusters: Vec::new(),
    })
}

/// The sighting that speaks for all: the worst one, else the first.
fn primary<'i, 'a>(index: &'i Index<'a>, own: &[usize]) -> Option<&'i Seen<'a>> {
    let mut best: Option<&Seen<'_>> = None;
    for seen in own.iter().filter_map(|at| index.get(*at)) {
        if best.is_none_or(|best| seen.severity() > best.severity()) {
            best = Some(seen);
        }
    }
    best
}

/// The proof: the primary's own, then one new item of each code that folded in.
fn evidence(
    index: &Index<'_>,
    primary: &Seen<'_>,
    own: &[usize],
    folded: &[usize],
) -> Vec<Evidence> {
    let mut all = primary.sighting.evidence.clone();
    let mut codes = BTreeSet::from([primary.code()]);
    let mut push = |items: &[Evidence], most: usize| {
        let mut added = 0;
        for item in items {
            let is_told = all.iter().any(|told| says_the_same(told, item));
            if added < most && all.len() < MOST_EVIDENCE && !is_told {
                all.push(item.clone());
                added += 1;
            }
        }
    };
    for seen in folded.iter().filter_map(|at| index.get(*at)) {
        if codes.insert(seen.code()) {
            push(&seen.sighting.evidence, 2);
        }
    }
    for seen in own.iter().filter_map(|at| index.get(*at)).take(MOST_NAMES) {
        push(&seen.sighting.evidence, 1);
    }
    all
}

/// Whether two items come from one field, or are one event or line.
fn says_the_same(one: &Evidence, other: &Evidence) -> bool {
    one.kind == other.kind
        && one.object.is_same(&other.object)
        && match (&one.path, &other.path) {
            (Some(one), Some(other)) => one == other,
            _ => one.text == other.text && one.value == other.value,
        }
}

/// The analyzer's confidence: more with each further kind of proof, less where one event or one log
/// line is all there is.
fn confidence(primary: &Seen<'_>, evidence: &[Evidence]) -> f64 {
    use crate::model::EvidenceKind::{Event, Log};
    let kinds: BTreeSet<_> = evidence.iter().map(|item| item.kind).collect();
    let further = kinds.len().saturating_sub(1);
    #[allow(clippy::cast_precision_loss, reason = "six kinds at most")]
    let mut value = primary.confidence() + 0.03 * further as f64;
    let only_one_word = evidence.len() == 1 && (kinds.contains(&Event) || kinds.contains(&Log));
    if only_one_word {
        value -= 0.10;
    }
    (value.clamp(0.30, 0.99) * 100.0).round() / 100.0
}

fn suggestions(
    index: &Index<'_>,
    primary: &Seen<'_>,
    own: &[usize],
    folded: &[usize],
) -> Vec<Suggestion> {
    let mut all = primary.sighting.suggestions.clone();
    for advice in all.iter_mut().filter(|advice| advice.command.is_none()) {
        advice.text = with_others(&advice.text, primary, index, own);
    }
    if all.is_empty()
        && let Some(seen) = folded
            .iter()
            .filter_map(|at| index.get(*at))
            .find(|seen| !seen.sighting.suggestions.is_empty())
    {
        all.clone_from(&seen.sighting.suggestions);
    }
    all
}

/// A text that names one workload: where several show the fault of something else, with how many more do.
fn with_others(text: &str, primary: &Seen<'_>, index: &Index<'_>, own: &[usize]) -> String {
    let of_its_own = |top: &&ObjectRef| top.is_same(&primary.sighting.subject);
    let Some(named) = primary.top.as_ref().filter(|top| !of_its_own(top)) else {
        return text.to_owned();
    };
    let tops: BTreeSet<String> = shown_on(index, own).into_values().collect();
    let name = named.to_string();
    match tops.len().saturating_sub(1) {
        0 => text.to_owned(),
        more => text.replacen(&name, &format!("{name} (and {more} more)"), 1),
    }
}

/// The explanation, and how many pods of whom show it.
fn with_pods(
    explanation: &str,
    subject: &ObjectRef,
    index: &Index<'_>,
    own: &[usize],
    folded: &[usize],
) -> String {
    let mut pods = shown_on(index, own);
    let mut further = shown_on(index, folded);
    // What only points at the fault: the pods of others, and its own where it shows on none itself.
    let name = subject.to_string();
    if pods.is_empty() && further.values().any(|top| *top == name) {
        std::mem::swap(&mut pods, &mut further);
    }
    let tops: BTreeSet<String> = pods.values().cloned().collect();
    let (alike, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        further.into_iter().partition(|(_, top)| tops.contains(top));
    // A pod of the same workload that shows only what follows from it.
    pods.extend(alike);
    let mut text = explanation.to_owned();
    if !pods.is_empty() {
        text.push_str(&format!(
            " Seen on {} of {}.",
            counted(pods.len(), "pod"),
            some_of(&tops, MOST_NAMES)
        ));
    }
    if !others.is_empty() {
        let owners: BTreeSet<&String> = others.values().collect();
        text.push_str(&format!(
            " {} of {} {} from it.",
            counted(others.len(), "pod"),
            some_of(owners, MOST_NAMES),
            if others.len() == 1 {
                "suffers"
            } else {
                "suffer"
            }
        ));
    }
    text
}

/// The pods that show something, with their owners.
fn shown_on(index: &Index<'_>, members: &[usize]) -> BTreeMap<String, String> {
    members
        .iter()
        .filter_map(|at| {
            let seen = index.get(*at)?;
            let top = seen.pod.and(seen.top.as_ref())?;
            (top.kind != "Pod").then(|| (seen.sighting.seen_on.path(), top.to_string()))
        })
        .collect()
}

fn span(
    index: &Index<'_>,
    members: &[usize],
    evidence: &[Evidence],
    cluster: &Cluster<'_>,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let since = beginnings(index, members, cluster, |_| true);
    let shown = evidence.iter().filter_map(|item| item.at);
    let last = shown.clone().chain(since.iter().copied()).max();
    (since.into_iter().chain(shown).min(), last)
}

/// When the trouble began: as `span`, without what came before it.
fn onset(
    index: &Index<'_>,
    members: &[usize],
    evidence: &[Evidence],
    cluster: &Cluster<'_>,
) -> Option<Timestamp> {
    let is_change = |item: &Evidence| item.kind == EvidenceKind::Change;
    let since = beginnings(index, members, cluster, |seen| {
        !seen.sighting.evidence.iter().any(is_change)
    });
    let shown = evidence.iter().filter(|item| !is_change(item));
    since
        .into_iter()
        .chain(shown.filter_map(|item| item.at))
        .min()
}

/// When what was seen began: since when it is so, and since when the pods that show it are not ready; they may fail long
/// before anybody gives up on them. The age of an object is no beginning where a symptom has one of its own.
fn beginnings(
    index: &Index<'_>,
    members: &[usize],
    cluster: &Cluster<'_>,
    is_asked: impl Fn(&Seen<'_>) -> bool,
) -> Vec<Timestamp> {
    let members = || members.iter().filter_map(|at| index.get(*at));
    let (ages, others): (Vec<_>, Vec<_>) = members()
        .filter(|seen| is_asked(seen))
        .filter_map(|seen| Some((seen, seen.sighting.since?)))
        .partition(|(seen, since)| is_an_age(seen, *since, cluster));
    let mut all: Vec<Timestamp> = others.into_iter().map(|(_, since)| since).collect();
    all.extend(members().filter_map(|seen| seen.pod?.unready_since()));
    if all.is_empty() {
        // Since when a field is as it is.
        let shown = members().flat_map(|seen| &seen.sighting.evidence);
        let fields = shown.filter(|item| item.kind == EvidenceKind::Field);
        all.extend(fields.filter_map(|item| item.at));
    }
    if all.is_empty() {
        all.extend(ages.into_iter().map(|(_, since)| since));
    }
    all
}

/// Whether a time is only when an object was made. A pod and a Job fail from their making on.
fn is_an_age(seen: &Seen<'_>, since: Timestamp, cluster: &Cluster<'_>) -> bool {
    let sighting = &seen.sighting;
    [&sighting.subject, &sighting.seen_on]
        .into_iter()
        .any(|object| {
            !matches!(object.kind.as_str(), "Pod" | "Job")
                && cluster
                    .metadata_of(object)
                    .is_some_and(|meta| meta.creation_timestamp == Some(since))
        })
}

fn finding(
    index: &Index<'_>,
    members: &[usize],
    cause_id: &str,
    cluster: &Cluster<'_>,
) -> Option<Finding> {
    let primary = primary(index, members)?;
    let mut finding = as_finding(
        primary.analyzer,
        &primary.sighting,
        &primary.id,
        cause_id,
        members.len(),
    );
    let (first_seen, last_seen) = span(index, members, &finding.evidence, cluster);
    finding.first_seen = first_seen;
    finding.last_seen = last_seen;
    Some(finding)
}

fn as_finding(
    analyzer: &Analyzer,
    sighting: &Sighting,
    id: &str,
    cause_id: &str,
    occurrences: usize,
) -> Finding {
    let shown = sighting.evidence.iter().filter_map(|item| item.at);
    Finding {
        id: id.to_owned(),
        code: analyzer.code.to_owned(),
        name: analyzer.name.to_owned(),
        cause_id: cause_id.to_owned(),
        severity: sighting.told_severity(analyzer),
        confidence: sighting.confidence.unwrap_or(analyzer.confidence),
        subject: sighting.subject.clone(),
        title: sighting.title.clone(),
        explanation: sighting.explanation.clone(),
        evidence: sighting.evidence.clone(),
        suggestions: sighting.suggestions.clone(),
        occurrences,
        suppressed: false,
        suppressed_by: None,
        first_seen: sighting.since.or_else(|| shown.clone().min()),
        last_seen: shown.max(),
    }
}
