use std::collections::HashMap;
use std::sync::Arc;

use crate::kubernetes::{EndpointSlice, Tables, Text};

/// The label that names the Service of an EndpointSlice (discovery/v1).
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// EndpointSlices by namespace and Service.
#[derive(Debug)]
pub(in crate::snapshot) struct SlicesByService(HashMap<(Text, Text), Vec<Arc<EndpointSlice>>>);

impl SlicesByService {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_service: HashMap<_, Vec<Arc<EndpointSlice>>> = HashMap::new();
        for slice in tables.endpoint_slices.iter() {
            if let Some(service) = slice.metadata.labels.get(SERVICE_LABEL) {
                let key = (slice.metadata.namespace.clone(), service.clone());
                by_service.entry(key).or_default().push(Arc::clone(slice));
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
            .get(&(Text::new(namespace), Text::new(service)))
            .map_or(&[], Vec::as_slice)
    }
}
