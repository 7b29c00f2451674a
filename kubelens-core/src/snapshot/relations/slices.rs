use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::sorted::{by_name, put, take};
use crate::kubernetes::{EndpointSlice, Tables, Text};

/// The label that names the Service of an EndpointSlice (discovery/v1).
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// EndpointSlices by namespace and Service.
#[derive(Debug)]
pub(in crate::snapshot) struct SlicesByService(HashMap<Text, ByName, RandomState>);

type ByName = HashMap<Text, Vec<Arc<EndpointSlice>>, RandomState>;

impl SlicesByService {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_service = Self(HashMap::default());
        tables
            .endpoint_slices
            .iter()
            .for_each(|slice| by_service.put(slice));
        by_service
    }

    pub(super) fn put(&mut self, slice: &Arc<EndpointSlice>) {
        if let Some(service) = service_of(slice) {
            let namespace = self.0.entry(slice.metadata.namespace.clone()).or_default();
            put(
                namespace.entry(service.clone()).or_default(),
                slice,
                by_name,
            );
        }
    }

    pub(super) fn take(&mut self, slice: &Arc<EndpointSlice>) {
        if let Some(service) = service_of(slice)
            && let Some(namespace) = self.0.get_mut(&slice.metadata.namespace)
        {
            take(namespace, service, slice, by_name);
        }
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

/// The Service that a slice says it is of.
pub(in crate::snapshot) fn service_of(slice: &EndpointSlice) -> Option<&Text> {
    slice.metadata.labels.get(SERVICE_LABEL)
}
