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

/// What a rule says of an object: nothing, or what has to be changed.
pub(super) fn evaluate(
    rule: &Rule,
    object: &Seen,
    snapshot: &Snapshot,
    root: &Context<'_, '_>,
) -> Result<Vec<Sighting>, Miss> {
    let mut context = root.new_inner_scope();
    context.add_variable_as_val("object", object.value.clone_as_boxed());
    context.add_variable_as_val("age", Box::new(CelInt::from(object.age)));
    context.add_variable_as_val("related", Box::new(CelList::from(Vec::new())));
    let related = match &rule.follow {
        None => Related::default(),
        Some(step) => match follow(snapshot, object, step, &context) {
            Ok(Some(related)) => related,
            Ok(None) => return Ok(Vec::new()),
            // It names nothing to follow.
            Err(Miss::NoField) => Related::default(),
            Err(wrong) => return Err(wrong),
        },
    };
    let values: Vec<Box<dyn Val>> = related
        .objects
        .iter()
        .map(|object| object.value.clone_as_boxed())
        .collect();
    context.add_variable_as_val("related", Box::new(CelList::from(values)));
    let holds = |condition: &Expression| match condition.is_true(&context) {
        Err(Miss::NoField) => Ok(false),
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
    subjects(rule, object, &related, snapshot)
        .into_iter()
        .map(|subject| sighting(rule, object, subject, &related, &context))
        .collect()
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
