//! Whether a fault reaches a symptom.

use std::collections::VecDeque;

use kubelens_core::model::{Cause, ChainLink, ObjectRef, Report};
use serde::Serialize;

/// The answer to "does A reach B?".
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Route<'a> {
    api_version: &'static str,
    kind: &'static str,
    /// Where the fault would be.
    pub(crate) from: &'a ObjectRef,
    /// Where it would show.
    pub(crate) to: &'a ObjectRef,
    /// Whether it does.
    pub(crate) reaches: bool,
    /// The ways, one a cause at most.
    pub(crate) ways: Vec<Way<'a>>,
    /// Causes by which it is the other way round.
    pub(crate) backward: Vec<Way<'a>>,
    /// The causes that have to do with A, and those that have to do with B.
    pub(crate) about_from: Vec<&'a Cause>,
    pub(crate) about_to: Vec<&'a Cause>,
}

/// How one cause leads from one object to another.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Way<'a> {
    pub(crate) cause: &'a Cause,
    /// The steps; none where both are the same object.
    pub(crate) links: Vec<&'a ChainLink>,
}

impl<'a> Route<'a> {
    /// Looks for ways in the causes of a report.
    pub(crate) fn between(from: &'a ObjectRef, to: &'a ObjectRef, report: &'a Report) -> Self {
        let ways = ways(from, to, report);
        Self {
            api_version: kubelens_core::model::KUBELENS_API_VERSION,
            kind: "Route",
            from,
            to,
            reaches: !ways.is_empty(),
            backward: if ways.is_empty() {
                self::ways(to, from, report)
            } else {
                Vec::new()
            },
            ways,
            about_from: about(from, report),
            about_to: about(to, report),
        }
    }
}

fn ways<'a>(from: &ObjectRef, to: &ObjectRef, report: &'a Report) -> Vec<Way<'a>> {
    report
        .causes
        .iter()
        .filter_map(|cause| {
            let links = shortest(cause, from, to)?;
            Some(Way { cause, links })
        })
        .collect()
}

/// The shortest way along the chain of a cause; every link is proven there.
fn shortest<'a>(cause: &'a Cause, from: &ObjectRef, to: &ObjectRef) -> Option<Vec<&'a ChainLink>> {
    let mut waiting: VecDeque<(&ObjectRef, Vec<&'a ChainLink>)> = VecDeque::from([(from, vec![])]);
    let mut seen: Vec<&ObjectRef> = vec![from];
    while let Some((place, way)) = waiting.pop_front() {
        for link in cause.chain.iter().filter(|link| link.cause.is_same(place)) {
            let mut longer = way.clone();
            longer.push(link);
            if link.effect.is_same(to) {
                return Some(longer);
            }
            if !seen.iter().any(|known| known.is_same(&link.effect)) {
                seen.push(&link.effect);
                waiting.push_back((&link.effect, longer));
            }
        }
    }
    None
}

fn about<'a>(object: &ObjectRef, report: &'a Report) -> Vec<&'a Cause> {
    let concerns = |cause: &&Cause| {
        cause.subject.is_same(object)
            || cause.affected.iter().any(|other| other.is_same(object))
            || cause
                .chain
                .iter()
                .any(|link| link.cause.is_same(object) || link.effect.is_same(object))
    };
    report.causes.iter().filter(concerns).collect()
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::ObjectRef;

    use super::Route;
    use crate::render::tests::shop_report;

    fn object(kind: &str, name: &str) -> ObjectRef {
        ObjectRef::namespaced("v1", kind, "shop", name)
    }

    #[test]
    fn a_fault_reaches_what_its_chain_leads_to() {
        let report = shop_report();
        let (conf, ingress) = (object("ConfigMap", "web-config"), object("Ingress", "shop"));
        let route = Route::between(&conf, &ingress, &report);
        assert!(route.reaches && route.backward.is_empty());
        let relations: Vec<&str> = route.ways[0]
            .links
            .iter()
            .map(|link| link.relation.as_str())
            .collect();
        assert_eq!(relations, ["envFrom", "selected by", "backend of"]);
    }

    #[test]
    fn a_symptom_does_not_reach_its_fault_and_the_other_way_is_told() {
        let report = shop_report();
        let (conf, ingress) = (object("ConfigMap", "web-config"), object("Ingress", "shop"));
        let route = Route::between(&ingress, &conf, &report);
        assert!(!route.reaches);
        assert_eq!(route.backward.len(), 1);
    }

    #[test]
    fn two_faults_that_have_nothing_to_do_with_each_other_do_not_meet() {
        let report = shop_report();
        let (conf, orders) = (
            object("ConfigMap", "web-config"),
            object("StatefulSet", "orders"),
        );
        let route = Route::between(&conf, &orders, &report);
        assert!(!route.reaches && route.backward.is_empty());
        assert_eq!((route.about_from.len(), route.about_to.len()), (1, 1));
    }
}
