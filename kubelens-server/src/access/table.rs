//! Every route of the API: who may use it, what it changes, what the audit trail calls it. What is
//! not here answers 404 or 405 whatever the router has.

use super::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everyone, signed in or not.
    Public,
    /// This role and those above it.
    Role(Role),
    /// A viewer, or whoever has the scrape token.
    Scraper,
}

/// What a route changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing that others see.
    Nothing,
    /// Records of this server; written ahead by [`super::record`].
    Records,
    /// A cluster: behind the write gate; written ahead by the handler.
    Cluster,
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its method; GET answers HEAD too.
    pub method: &'static str,
    /// Its path below `/api`, with `{parameters}`.
    pub pattern: &'static str,
    /// Who may use it.
    pub who: Who,
    /// What it changes.
    pub effect: Effect,
    /// Its name in the audit trail; nothing = method and path.
    pub action: Option<&'static str>,
    /// A read that shows what not everybody sees: kept like a mutation.
    pub sensitive: bool,
}

const fn route(method: &'static str, pattern: &'static str, who: Who) -> Rule {
    Rule {
        method,
        pattern,
        who,
        effect: Effect::Nothing,
        action: None,
        sensitive: false,
    }
}

/// Readable by everyone.
const fn open(method: &'static str, pattern: &'static str) -> Rule {
    route(method, pattern, Who::Public)
}

const fn viewer(method: &'static str, pattern: &'static str) -> Rule {
    route(method, pattern, Who::Role(Role::Viewer))
}

/// An operator's mutation of this server's records.
const fn operator(method: &'static str, pattern: &'static str, action: &'static str) -> Rule {
    viewer(method, pattern).by(Role::Operator).keeps(action)
}

/// An operator's mutation of a cluster.
const fn gated(method: &'static str, pattern: &'static str, action: &'static str) -> Rule {
    Rule {
        effect: Effect::Cluster,
        ..operator(method, pattern, action)
    }
}

const fn admin(method: &'static str, pattern: &'static str) -> Rule {
    Rule {
        sensitive: true,
        ..viewer(method, pattern).by(Role::Admin)
    }
}

impl Rule {
    const fn by(self, role: Role) -> Rule {
        Rule {
            who: Who::Role(role),
            ..self
        }
    }

    /// Changes records and is called so.
    const fn keeps(self, action: &'static str) -> Rule {
        Rule {
            effect: Effect::Records,
            ..self.called(action)
        }
    }

    const fn called(self, action: &'static str) -> Rule {
        Rule {
            action: Some(action),
            ..self
        }
    }

    /// Whether the write gate stands before it.
    pub fn is_gated(&self) -> bool {
        self.effect == Effect::Cluster
    }

    /// Whether it is one of the methods that change something by their meaning in HTTP.
    pub fn is_mutating(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD")
    }
}

/// All routes, in the order of the API's documentation.
pub const ROUTES: &[Rule] = &[
    // System, session, clusters
    open("GET", "/healthz"),
    open("GET", "/readyz"),
    open("GET", "/openapi.yaml"),
    open("GET", "/openapi.json"),
    viewer("GET", "/version"),
    viewer("GET", "/runtime"),
    viewer("GET", "/metrics"),
    route("GET", "/metrics/prometheus", Who::Scraper),
    open("GET", "/auth/session"),
    open("POST", "/auth/login").called("session.login"),
    open("POST", "/auth/logout").called("session.logout"),
    open("GET", "/auth/oidc/login"),
    open("GET", "/auth/oidc/callback").called("session.login"),
    admin("GET", "/auth/sessions"),
    admin("DELETE", "/auth/sessions/{id}").keeps("session.revoke"),
    viewer("GET", "/clusters"),
    viewer("POST", "/clusters/select"),
    viewer("GET", "/cluster-info"),
    viewer("GET", "/audit"),
    admin("GET", "/audit/export"),
    viewer("GET", "/access"),
    admin("GET", "/config"),
    admin("GET", "/debug"),
    // Inventory
    viewer("GET", "/namespaces"),
    viewer("GET", "/pods"),
    gated("POST", "/pods", "pod.create"),
    viewer("GET", "/pods/{ns}/{name}"),
    gated("DELETE", "/pods/{ns}/{name}", "pod.delete"),
    viewer("GET", "/pods/{ns}/{name}/events"),
    viewer("GET", "/pods/{ns}/{name}/logs"),
    viewer("GET", "/pods/{ns}/{name}/logs/stream"),
    viewer("GET", "/pods/{ns}/{name}/describe"),
    gated("POST", "/pods/{ns}/{name}/restart", "pod.restart"),
    gated("GET", "/pods/{ns}/{name}/exec", "pod.exec"),
    gated("GET", "/pods/{ns}/{name}/portforward", "pod.exec"),
    viewer("GET", "/nodes"),
    viewer("GET", "/nodes/{name}"),
    viewer("GET", "/nodes/{name}/pods"),
    viewer("GET", "/nodes/{name}/events"),
    gated("POST", "/nodes/{name}/cordon", "node.cordon"),
    gated("POST", "/nodes/{name}/uncordon", "node.uncordon"),
    viewer("GET", "/nodes/{name}/drain/preview"),
    gated("POST", "/nodes/{name}/drain", "node.drain"),
    viewer("GET", "/events"),
    viewer("GET", "/stats"),
    viewer("GET", "/search"),
    viewer("GET", "/topology"),
    // Resources
    viewer("GET", "/resources/{kind}"),
    viewer("GET", "/resources/{kind}/{ns}/{name}"),
    viewer("GET", "/resources/{kind}/{ns}/{name}/yaml"),
    gated(
        "PUT",
        "/resources/{kind}/{ns}/{name}/yaml",
        "resource.apply",
    ),
    viewer("POST", "/resources/{kind}/{ns}/{name}/diff"),
    gated(
        "POST",
        "/resources/{kind}/{ns}/{name}/scale",
        "resource.scale",
    ),
    gated(
        "POST",
        "/resources/{kind}/{ns}/{name}/restart",
        "resource.restart",
    ),
    gated(
        "POST",
        "/resources/{kind}/{ns}/{name}/rollback",
        "resource.rollback",
    ),
    viewer("GET", "/resources/{kind}/{ns}/{name}/history"),
    viewer("GET", "/operations"),
    viewer("GET", "/operations/{id}"),
    operator("POST", "/operations/{id}/cancel", "operation.cancel"),
    // Insight
    viewer("GET", "/diagnostics"),
    viewer("GET", "/report"),
    viewer("GET", "/report/schema"),
    viewer("GET", "/report/history"),
    viewer("POST", "/report/diff"),
    viewer("GET", "/predictions"),
    viewer("GET", "/predictive-incidents"),
    viewer("POST", "/risk-guard/analyze").called("riskguard.analyze"),
    viewer("POST", "/assistant").called("assistant.ask"),
    viewer("POST", "/assistant/references/feedback").keeps("assistant.reference.feedback"),
    viewer("GET", "/rag/telemetry"),
    viewer("GET", "/shift-brief"),
    viewer("GET", "/playbooks"),
    // Workflows
    viewer("POST", "/incidents").keeps("incident.create"),
    viewer("GET", "/incidents"),
    viewer("GET", "/incidents/{id}"),
    operator("PATCH", "/incidents/{id}", "incident.update"),
    operator(
        "PATCH",
        "/incidents/{id}/steps/{step}",
        "incident.step.update",
    ),
    operator("POST", "/incidents/{id}/resolve", "incident.resolve"),
    operator("POST", "/incidents/{id}/reopen", "incident.update"),
    operator("POST", "/incidents/{id}/comments", "incident.comment"),
    operator("POST", "/incidents/{id}/postmortem", "postmortem.generate"),
    viewer("GET", "/postmortems"),
    viewer("GET", "/postmortems/{id}"),
    viewer("POST", "/remediation/propose").keeps("remediation.propose"),
    viewer("GET", "/remediation"),
    viewer("GET", "/remediation/{id}"),
    operator("POST", "/remediation/{id}/approve", "remediation.approve"),
    gated("POST", "/remediation/{id}/execute", "remediation.execute"),
    operator("POST", "/remediation/{id}/reject", "remediation.reject"),
    viewer("GET", "/memory/runbooks"),
    operator("POST", "/memory/runbooks", "memory.runbook.create"),
    operator("PUT", "/memory/runbooks/{id}", "memory.runbook.update"),
    operator("DELETE", "/memory/runbooks/{id}", "memory.runbook.delete"),
    viewer("GET", "/memory/fixes"),
    operator("POST", "/memory/fixes", "memory.fix.record"),
    operator("DELETE", "/memory/fixes/{id}", "memory.fix.delete"),
    operator("POST", "/alerts/dispatch", "alert.dispatch"),
    operator("POST", "/alerts/test", "alert.dispatch"),
    viewer("GET", "/alerts/lifecycle"),
    operator("POST", "/alerts/lifecycle", "alert.lifecycle.update"),
    viewer("GET", "/alerts/active"),
    viewer("GET", "/alerts/rules"),
    admin("PUT", "/alerts/rules").keeps("alert.rule.update"),
    viewer("GET", "/stream"),
    viewer("GET", "/stream/ws"),
];
