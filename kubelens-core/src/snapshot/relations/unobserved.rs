use std::sync::Arc;

use super::sorted::{by_name, put};
use crate::kubernetes::{Deployment, Tables};

/// Deployments of which the controller has not seen the newest generation.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct Unobserved(Vec<Arc<Deployment>>);

impl Unobserved {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut unobserved = Self::default();
        let all = tables.deployments.iter();
        all.for_each(|deployment| unobserved.put(deployment));
        unobserved
    }

    pub(super) fn put(&mut self, deployment: &Arc<Deployment>) {
        if is_unobserved(deployment) {
            put(&mut self.0, deployment, by_name);
        }
    }

    pub(super) fn take(&mut self, deployment: &Deployment) {
        let known = self
            .0
            .binary_search_by(|known| by_name(&**known, deployment));
        if let Ok(at) = known {
            self.0.remove(at);
        }
    }

    /// All of them, by namespace and name.
    pub(in crate::snapshot) fn all(&self) -> &[Arc<Deployment>] {
        &self.0
    }
}

/// Whether its controller has not seen its newest generation.
pub(in crate::snapshot) fn is_unobserved(deployment: &Deployment) -> bool {
    deployment.metadata.generation.is_some()
        && deployment.status.observed_generation < deployment.metadata.generation
}
