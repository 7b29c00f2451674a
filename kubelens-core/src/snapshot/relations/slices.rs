use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::kubernetes::{EndpointSlice, Tables, Text};

/// The label that names the Service of an EndpointSlice (discovery/v1).
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// EndpointSlices by namespace and Service.
#[derive(Debug)]
pub(in crate::snapshot) struct SlicesByService(HashMap<Text, ByName, RandomState>);

type ByName = HashMap<Text, Vec<Arc<EndpointSlice>>, RandomState>;

impl SlicesByService {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_service: HashMap<Text, ByName, RandomState> = HashMap::default();
        for slice in tables.endpoint_slices.iter() {
            if let Some(service) = slice.metadata.labels.get(SERVICE_LABEL) {
                by_service
                    .entry(slice.metadata.namespace.clone())
                    .or_default()
                    .entry(service.clone())
                    .or_default()
                    .push(Arc::clone(slice));
            }
        }
        Self(by_service)
    }

    /// The slices of a Service.
    pub(in crate::snapshot) fn of_service(
        &self,
        namespace: &str,
        service: &str,
    ) -> &[Arc<EndpointSlice>] {
        self.0
            .get(namespace)
            .and_then(|services| services.get(service))
            .map_or(&[], Vec::as_slice)
    }
}
