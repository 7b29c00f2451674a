use super::super::stand::{Current, Stand};
use crate::kubernetes::Service;

/// A Service converges by getting its load balancer's address; all else about it only a diagnosis can tell.
pub(in crate::settling) fn stand(service: &Service) -> Stand {
    if service.metadata.is_terminating() {
        return Stand::waits("it is being deleted");
    }
    if service.spec.type_ == "LoadBalancer" {
        if service.status.load_balancer.ingress.is_empty() {
            return Stand::waits("its load balancer has no address yet");
        }
        return Stand::Diagnosed(Current {
            note: "has an address".to_owned(),
            ..Current::default()
        });
    }
    Stand::Diagnosed(Current {
        note: "exists".to_owned(),
        ..Current::default()
    })
}
