use std::collections::BTreeSet;

use super::index::Index;
use super::specificity::specificity;

/// "The effect is explained by the cause", with how sure that is and how the two hang together.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) effect: usize,
    pub(super) cause: usize,
    pub(super) confidence: f64,
    pub(super) relation: &'static str,
}

/// For each sighting the one that explains it best, and all others that explain it too.
#[derive(Debug)]
pub(super) struct Graph {
    parent: Vec<Option<Edge>>,
    explained_by: Vec<Vec<usize>>,
}

impl Graph {
    /// The graph of these edges; below `fold_min` a relation is too unsure to fold by.
    pub(super) fn of(index: &Index<'_>, edges: Vec<Edge>, fold_min: f64) -> Self {
        let mut candidates: Vec<Vec<Edge>> = vec![Vec::new(); index.seen.len()];
        for edge in edges {
            if edge.confidence >= fold_min
                && edge.effect != edge.cause
                && let Some(list) = candidates.get_mut(edge.effect)
            {
                list.push(edge);
            }
        }
        for list in &mut candidates {
            list.sort_by(|a, b| {
                preference(index, b)
                    .partial_cmp(&preference(index, a))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
        }
        let explained_by = candidates
            .iter()
            .map(|list| list.iter().map(|edge| edge.cause).collect())
            .collect();
        let mut graph = Self {
            parent: candidates
                .iter()
                .map(|list| list.first().cloned())
                .collect(),
            explained_by,
        };
        graph.cut_cycles(&candidates);
        graph
    }

    /// The edge by which a sighting folds.
    pub(super) fn parent(&self, at: usize) -> Option<&Edge> {
        self.parent.get(at).and_then(Option::as_ref)
    }

    /// The sighting at the end of the chain that explains this one; itself if nothing does.
    pub(super) fn root(&self, at: usize) -> usize {
        let mut current = at;
        for _ in 0..self.parent.len() {
            match self.parent(current) {
                Some(edge) => current = edge.cause,
                None => break,
            }
        }
        current
    }

    /// The roots of everything that explains this one, its own root among them.
    pub(super) fn roots(&self, at: usize) -> BTreeSet<usize> {
        let mut roots = BTreeSet::from([self.root(at)]);
        for cause in self.explained_by.get(at).into_iter().flatten() {
            let root = self.root(*cause);
            if root != at {
                roots.insert(root);
            }
        }
        roots
    }

    /// Cuts every cycle at its weakest edge: that sighting takes its next best explanation outside the
    /// cycle, or becomes a root.
    fn cut_cycles(&mut self, candidates: &[Vec<Edge>]) {
        for start in 0..self.parent.len() {
            while let Some(cycle) = self.cycle_from(start) {
                let weakest = cycle.iter().copied().min_by(|a, b| {
                    let confidence =
                        |at: &usize| self.parent(*at).map_or(0.0, |edge| edge.confidence);
                    confidence(a).total_cmp(&confidence(b)).then(b.cmp(a))
                });
                let Some(weakest) = weakest else { break };
                let members: BTreeSet<usize> = cycle.into_iter().collect();
                let next = candidates
                    .get(weakest)
                    .into_iter()
                    .flatten()
                    .find(|edge| {
                        !members.contains(&edge.cause) && !self.leads_to(edge.cause, &members)
                    })
                    .cloned();
                if let Some(parent) = self.parent.get_mut(weakest) {
                    *parent = next;
                }
            }
        }
    }

    fn leads_to(&self, start: usize, members: &BTreeSet<usize>) -> bool {
        let mut current = start;
        for _ in 0..self.parent.len() {
            match self.parent(current) {
                Some(edge) if members.contains(&edge.cause) => return true,
                Some(edge) => current = edge.cause,
                None => return false,
            }
        }
        false
    }

    fn cycle_from(&self, start: usize) -> Option<Vec<usize>> {
        let mut path = Vec::new();
        let mut places = BTreeSet::new();
        let mut current = start;
        loop {
            if !places.insert(current) {
                let begin = path.iter().position(|at| *at == current)?;
                return path.get(begin..).map(<[usize]>::to_vec);
            }
            path.push(current);
            current = self.parent(current)?.cause;
        }
    }
}

/// What makes one explanation better than another: confidence of the relation in tenths, nearness to
/// the fault, severity, confidence of the cause; the earlier sighting on a tie.
fn preference(
    index: &Index<'_>,
    edge: &Edge,
) -> (
    u8,
    i16,
    crate::model::Severity,
    f64,
    std::cmp::Reverse<usize>,
) {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a confidence lies between 0 and 1"
    )]
    let tenths = (edge.confidence * 20.0).round() as u8;
    index.get(edge.cause).map_or(
        (
            0,
            0,
            crate::model::Severity::Info,
            0.0,
            std::cmp::Reverse(edge.cause),
        ),
        |cause| {
            (
                tenths,
                -i16::from(specificity(cause.code())),
                cause.severity(),
                cause.confidence(),
                std::cmp::Reverse(edge.cause),
            )
        },
    )
}
