//! The part of a report that concerns some objects.

use kubelens_core::{
    model::{Cause, ObjectRef, Report, Severity},
    snapshot::{Cluster, Snapshot},
};

use crate::kinds::kind_of;

/// The causes that the objects suffer from, are to blame for, or show.
pub(crate) fn focus(report: Report, snapshot: &Snapshot, objects: &[ObjectRef]) -> Report {
    let mut wanted: Vec<ObjectRef> = objects.to_vec();
    wanted.extend(
        objects
            .iter()
            .filter_map(|object| top_owner(object, snapshot)),
    );
    keep(report, |cause| {
        wanted.iter().any(|object| cause.concerns(object))
    })
}

/// The report of these namespaces: their causes, and those outside that hurt something in them.
pub(crate) fn in_namespaces(report: Report, namespaces: &[String]) -> Report {
    let is_in = |object: &ObjectRef| {
        object
            .namespace
            .as_ref()
            .is_some_and(|namespace| namespaces.contains(namespace))
    };
    let mut report = keep(report, |cause| {
        is_in(&cause.subject) || cause.affected.iter().any(is_in)
    });
    report.scope.namespaces = namespaces.to_vec();
    report
}

/// The report with only the causes that `wanted` chooses, their findings, and counts that fit.
pub(crate) fn keep(mut report: Report, wanted: impl Fn(&Cause) -> bool) -> Report {
    report.causes.retain(wanted);
    let Report {
        causes,
        findings,
        summary,
        ..
    } = &mut report;
    findings.retain(|finding| causes.iter().any(|cause| cause.id == finding.cause_id));
    for (place, cause) in causes.iter_mut().enumerate() {
        cause.rank = place + 1;
    }
    let count = |severity| {
        causes
            .iter()
            .filter(|cause| cause.severity == severity)
            .count()
    };
    summary.causes = causes.len();
    summary.critical = count(Severity::Critical);
    summary.warning = count(Severity::Warning);
    summary.info = count(Severity::Info);
    report
}

/// What a person edits to change the object: a report speaks of it, not of its pods.
fn top_owner(object: &ObjectRef, snapshot: &Snapshot) -> Option<ObjectRef> {
    let kind = kind_of(&object.kind)?;
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let meta = snapshot.tables().metadata(kind, namespace, &object.name)?;
    let owner = Cluster::new(snapshot).top_owner(object.clone(), meta);
    (!owner.is_same(object)).then_some(owner)
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::ObjectRef;

    use super::focus;
    use crate::{render::tests::shop_report, target::tests::picture};

    fn codes(object: ObjectRef) -> Vec<(usize, String)> {
        let report = focus(shop_report(), &picture(), &[object]);
        assert_eq!(report.summary.causes, report.causes.len());
        report
            .causes
            .into_iter()
            .map(|cause| (cause.rank, cause.code))
            .collect()
    }

    #[test]
    fn a_workload_keeps_what_it_suffers_from() {
        assert_eq!(
            codes(ObjectRef::namespaced(
                "apps/v1",
                "Deployment",
                "shop",
                "web"
            )),
            [(1, "CFG001".into())]
        );
    }

    #[test]
    fn a_namespace_keeps_what_lies_in_it() {
        let namespace = ObjectRef::cluster_scoped("v1", "Namespace", "batch");
        assert_eq!(
            codes(namespace),
            [
                (1, "SCH004".into()),
                (2, "SCH004".into()),
                (3, "SCH004".into())
            ]
        );
    }

    #[test]
    fn an_object_that_nothing_reaches_keeps_nothing() {
        assert!(
            codes(ObjectRef::namespaced(
                "apps/v1",
                "Deployment",
                "blog",
                "worker"
            ))
            .is_empty()
        );
    }
}
