use cel::Context;
use cel::common::types::{CelInt, CelList};
use cel::common::value::Val;

use super::expression::{Expression, Miss};
use super::relation::{Related, follow};
use super::rule::{Rule, Step};
use super::seen::Seen;
use crate::analysis::Sighting;
use crate::documents::SubjectName;
use crate::kubernetes::Kind;
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, Snapshot};

/// Most things to change that one object names.
const MOST_SUBJECTS: usize = 20;

/// What a rule says of an object: nothing, or what has to be changed. Conditions judge the object as it is; whatever is
/// told is told of the object without its secrets.
pub(super) fn evaluate(
    rule: &Rule,
    object: &Seen,
    snapshot: &Snapshot,
    root: &Context<'_, '_>,
) -> Result<Vec<Sighting>, Miss> {
    let mut whole = root.new_inner_scope();
    bind(&mut whole, object, &[], as_it_is);
    let related = match &rule.follow {
        None => Related::default(),
        Some(step) => match follow(snapshot, object, step, &whole) {
            Ok(Some(related)) => related,
            Ok(None) => return Ok(Vec::new()),
            // It names nothing to follow.
            Err(Miss::NoField) => Related::default(),
            Err(Miss::Wrong(_)) => {
                let mut shown = root.new_inner_scope();
                bind(&mut shown, object, &[], as_it_is_shown);
                return Err(told(follow(snapshot, object, step, &shown).err()));
            }
        },
    };
    bind(&mut whole, object, &related.objects, as_it_is);
    let holds = |condition: &Expression| match condition.is_true(&whole) {
        Err(Miss::NoField) => Ok(false),
        Err(Miss::Wrong(_)) => {
            let mut shown = root.new_inner_scope();
            bind(&mut shown, object, &related.objects, as_it_is_shown);
            Err(told(condition.is_true(&shown).err()))
        }
        other => other,
    };
    if !holds(&rule.when)? {
        return Ok(Vec::new());
    }
    if let Some(unless) = &rule.unless
        && holds(unless)?
    {
        return Ok(Vec::new());
    }
    let mut shown = root.new_inner_scope();
    bind(&mut shown, object, &related.objects, as_it_is_shown);
    subjects(rule, object, &related, snapshot)
        .into_iter()
        .map(|subject| sighting(rule, object, subject, &related, &shown))
        .collect()
}

fn as_it_is(object: &Seen) -> Box<dyn Val> {
    object.value.clone_as_boxed()
}

fn as_it_is_shown(object: &Seen) -> Box<dyn Val> {
    object.shown().clone_as_boxed()
}

/// Gives a rule what it can name.
fn bind(
    context: &mut Context<'_, '_>,
    object: &Seen,
    related: &[Seen],
    view: fn(&Seen) -> Box<dyn Val>,
) {
    let others: Vec<Box<dyn Val>> = related.iter().map(view).collect();
    context.add_variable_as_val("object", view(object));
    context.add_variable_as_val("age", Box::new(CelInt::from(object.age)));
    context.add_variable_as_val("related", Box::new(CelList::from(others)));
}

/// Why a condition has no value, in words that quote no secret: the evaluator quotes values.
fn told(miss: Option<Miss>) -> Miss {
    match miss {
        Some(Miss::Wrong(words)) => Miss::Wrong(words),
        _ => Miss::Wrong("it does not take a value that is not shown".to_owned()),
    }
}

fn subjects(rule: &Rule, object: &Seen, related: &Related, snapshot: &Snapshot) -> Vec<ObjectRef> {
    match rule.subject {
        SubjectName::Own => vec![object.reference.clone()],
        SubjectName::Owner => vec![top_of(object, snapshot)],
        SubjectName::Related => {
            let there = related.objects.iter().map(|other| other.reference.clone());
            let mut all: Vec<ObjectRef> = there.take(MOST_SUBJECTS).collect();
            if all.is_empty() {
                all.extend(related.named.clone());
            }
            all
        }
    }
}

/// The topmost owner of an object, or itself.
fn top_of(object: &Seen, snapshot: &Snapshot) -> ObjectRef {
    let own = &object.reference;
    let namespace = object.namespace();
    let metadata = match Kind::from_manifest(&own.api_version, &own.kind) {
        Some(kind) => snapshot.tables().metadata(kind, namespace, &own.name),
        None => snapshot.custom().get(&own.kind).and_then(|all| {
            all.iter()
                .map(|custom| &custom.metadata)
                .find(|meta| meta.namespace == namespace && meta.name == own.name.as_str())
        }),
    };
    metadata.map_or_else(
        || own.clone(),
        |metadata| Cluster::new(snapshot).top_owner(own.clone(), metadata),
    )
}

fn sighting(
    rule: &Rule,
    object: &Seen,
    subject: ObjectRef,
    related: &Related,
    context: &Context<'_, '_>,
) -> Result<Sighting, Miss> {
    let is_self = subject == object.reference;
    let mut sighting = Sighting::of(
        subject,
        rule.message.fill(context)?,
        rule.explanation.fill(context)?,
    );
    for (path, expression) in &rule.evidence {
        sighting = sighting.evidence(match expression.shown(context) {
            Ok(value) => Evidence::message(object.reference.clone(), path, &value),
            Err(Miss::NoField) => Evidence::field(object.reference.clone(), path, "not set"),
            Err(wrong) => return Err(wrong),
        });
    }
    for advice in &rule.suggestions {
        let text = advice.text.fill(context)?;
        sighting = sighting.suggest(match &advice.command {
            Some(command) => Suggestion::run(text, command.fill(context)?, advice.risk),
            None => Suggestion::advice(text),
        });
    }
    let step = rule.follow.as_ref().map(|follow| &follow.step);
    if is_self {
        // If something is wrong with what it leads to, that explains it.
        let relation = step.map_or("", relation_from);
        let there = related.objects.iter().map(|other| &other.reference);
        for other in there.chain(&related.named).take(MOST_SUBJECTS) {
            sighting = sighting.blames(other.clone(), relation);
        }
    } else {
        let relation = match rule.subject {
            SubjectName::Owner => "owner of",
            SubjectName::Own | SubjectName::Related => step.map_or("", relation_to),
        };
        sighting = sighting.seen_on(object.reference.clone(), relation);
    }
    Ok(sighting)
}

const fn relation_from(step: &Step) -> &'static str {
    match step {
        Step::Owner => "owned by",
        Step::Selector(_) => "selects",
        Step::Reference { .. } => "names",
    }
}

const fn relation_to(step: &Step) -> &'static str {
    match step {
        Step::Owner => "owner of",
        Step::Selector(_) => "selected by",
        Step::Reference { .. } => "named by",
    }
}
