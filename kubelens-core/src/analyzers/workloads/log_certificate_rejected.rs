use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::kubelet_certificate::{names_a_node, undecided_request};
use crate::analyzers::log_host::{Target, is_for_host, resolve};
use crate::analyzers::node_clock::skewed_node;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{CustomObject, Kind, Object, Pod, list_at};
use crate::model::{Evidence, ObjectRef, age};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well, or counts as ready and writes hardly anything else, says that a certificate is not accepted: it expired, its
    /// authority is unknown, or it is for another name. Where the server says in its own log that it works with a
    /// certificate which ended at that moment, the server is told.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | FATAL: Get "https://db:5432/": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-01-01T11:58:00Z is after 2025-12-31T00:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {clusterIP: 10.96.0.7, ports: [{port: 5432}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | FATAL: Get "https://db:5432/": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-01-01T11:58:00Z is after 2025-12-31T00:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Renew the certificate, give the container the authority that signed it, or call the other side
    /// by a name that the certificate holds.
    ///
    /// # What it cannot know
    /// What the certificate says: values of Secrets are not read.
    ///
    /// # Source
    /// X.509 errors of Go, OpenSSL, Java, Node.js and Python.
    WRK104 "log-certificate-rejected" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [Event, CertificateSigningRequest, Node, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.85;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK104",
    words: Pattern::new(
        r#"(?i)x509: |certificate has expired|certificate is not yet valid|signed by unknown authority|certificate is valid for .{1,200}, not |PKIX path building failed|CERTIFICATE_VERIFY_FAILED|certificate verify failed|tls: bad certificate|alert bad certificate|alert unknown ca|alert certificate (?:expired|revoked|unknown|required)|tls: unknown certificate authority|self[- ]signed certificate|unable to verify the first certificate|unable to get local issuer certificate|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_HAS_EXPIRED|ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames|is not in the cert's altnames|SSLHandshakeException|SSL certificate problem|remote error: tls: "#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// What is said of the certificate.
static FAULT: Pattern = Pattern::new(
    r"(?i)(x509: .*|Hostname/IP does not match.*|No subject alternative .*|(?:Hostname|IP address) mismatch.*|certificate is not valid for.*|certificate has expired.*|certificate is (?:not yet )?valid.*|self[- ]signed certificate.*|unable to (?:verify|get local).*|PKIX path building failed.*|certificate verify failed.*|(?:tls|alert)[: ].*)",
);

/// What a structured line says of it, without the fields behind: text up to the quote that ends it.
fn within_quotes(text: &str) -> &str {
    let ends = FIELD_BEHIND
        .first(text)
        .map_or(text.len(), |rest| text.len() - rest.len());
    let text = text.get(..ends).unwrap_or(text);
    // A quote that was opened before these words ends behind them.
    let bare = text.trim_end_matches(['"', '\\', '}']);
    let is_open = bare.matches('"').count() % 2 == 1;
    if is_open { text } else { bare }
}

/// The end of a quoted value, and the fields that follow it.
static FIELD_BEHIND: Pattern = Pattern::new(r#"(\\?"(?:,"|\s+)[A-Za-z_."]+[=:].*)$"#);

/// Alerts that the other side ended the connection with: Go and OpenSSL tell the one who is rejected so. Group 1 is what
/// it says of this side's certificate.
static ALERT: Pattern = Pattern::new(
    r"(?i)remote error: tls: ((?:bad|unsupported|revoked|expired|unknown) certificate.*|certificate (?:required|unobtainable).*|.*)|alert ((?:bad|unsupported|revoked|expired|unknown) certificate.*|certificate (?:expired|revoked|unknown|required).*|unknown ca.*)",
);

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let peers = Peers::of(found, cluster);
    if let Some(sighting) = passed_on(found, &peers, cluster) {
        return sighting;
    }
    if let Some(sighting) = of_another_name(found, cluster) {
        return sighting;
    }
    let mut sighting = match ALERT.first(found.line()) {
        Some(alert) => rejected(found, cluster, &peers, within_quotes(alert)),
        None => rejects(found, cluster, &peers),
    };
    if let Some(request) = undecided_request(cluster, &peers.hosts) {
        sighting = sighting.blames(request, "serves by");
    }
    for secret in secrets(found.pod()) {
        sighting = sighting.blames(secret, "mounts");
    }
    if EXPIRED.is_in(found.line()) {
        for secret in presented(&peers, cluster) {
            sighting = sighting.blames(secret, "presented by");
        }
        for certificate in certificates_for(&peers, cluster) {
            sighting = sighting.blames(certificate, "presented by");
        }
    }
    if UNKNOWN_AUTHORITY.is_in(found.line()) {
        sighting = sighting.all_evidence(made_anew(found, &peers, cluster));
    }
    match skewed_node(found.pod(), found.line(), cluster) {
        Some(node) => sighting.blames(node, "runs on"),
        None => sighting,
    }
}

/// By which name a server was called that its certificate does not hold.
static CALLED: Pattern = Pattern::new(r"certificate is valid for .{1,400}, not ([\w.-]+\w)");

/// A Service's own name is not in the certificate that stands behind it: that is wrong for whoever calls it.
fn of_another_name<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Option<Sighting> {
    let name = CALLED.first(found.line())?;
    let namespace = &found.pod().metadata.namespace;
    let Target::Service(service) = resolve(cluster, namespace, name) else {
        return None;
    };
    let pods = cluster.pods_behind(service);
    let mut mounted: Vec<ObjectRef> = pods.iter().flat_map(|pod| secrets(pod)).collect();
    mounted.sort();
    mounted.dedup();
    let subject = match mounted.as_slice() {
        [only] => only.clone(),
        _ => cluster.top_of(pods.first()?),
    };
    let fault = found.same_lines().find_map(|line| FAULT.first(line));
    let fault = short(within_quotes(fault.unwrap_or_default()));
    let front = service.reference();
    let title = format!("The certificate behind {front} does not hold its name: {fault}");
    let explanation = format!(
        "{} calls it by the name `{name}` and ends the connection.",
        found.speaker(&cluster.top_of(found.pod()))
    );
    let mut sighting = found
        .sighting_on(subject.clone(), CONFIDENCE, title, explanation)
        .identified_by("name", name)
        .evidence(Evidence::field(
            front,
            "metadata.name",
            &service.metadata.name,
        ));
    sighting.relation = "presented by";
    Some(advise(
        sighting,
        format!("Have a certificate issued for {subject} that holds `{name}` (subjectAltName)"),
    ))
}

/// The certificate's own time is over, or has not come.
static EXPIRED: Pattern = Pattern::new(
    r"(?i)certificate has expired|certificate is not yet valid|CERT_HAS_EXPIRED|CertificateExpiredException|CertificateNotYetValidException|NotAfter: ",
);

/// When a certificate ended, as Go says it.
static ENDED: Pattern =
    Pattern::new(r"current time \S+ is after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)");

/// The other side says of itself that it works with a certificate which ended at the same moment: what the container got
/// was an answer, and the connection was well.
fn passed_on<'a>(
    found: &LogMatch<'a>,
    peers: &Peers<'a>,
    cluster: &Cluster<'a>,
) -> Option<Sighting> {
    let ended = ENDED.first(found.line())?;
    let (pod, container, line) = serving(peers, cluster).into_iter().find_map(|pod| {
        pod.containers().find_map(|container| {
            let log = cluster.log(pod, container.name(), false)?;
            let mut newest_first = log.lines.iter().rev();
            let line = newest_first.find(|line| ENDED.first(line) == Some(ended))?;
            Some((pod, container, line.as_str()))
        })
    })?;
    let server = cluster.top_of(pod);
    let title = format!(
        "{server} works with a certificate that ended at {ended}: {}",
        short(line)
    );
    let explanation = "It says so itself, and answers those with the error who ask it for something that needs the certificate.".to_owned();
    let mut sighting = found
        .sighting_on(server, CONFIDENCE, title, explanation)
        .evidence(Evidence::log(pod.reference(), container.name(), line, None));
    for secret in secrets(pod) {
        sighting = sighting.blames(secret, "mounts");
    }
    Some(advise(
        sighting,
        "Renew that certificate, and start the server again where it does not read it anew",
    ))
}

/// The pods of the other side.
fn serving<'a>(peers: &Peers<'a>, cluster: &Cluster<'a>) -> Vec<&'a Pod> {
    let service = peers.service(cluster);
    service.map_or_else(Vec::new, |service| cluster.pods_behind(service))
}

/// The Secrets that the pods of the other side mount: the certificate that it presents is in one of them.
fn presented<'a>(peers: &Peers<'a>, cluster: &Cluster<'a>) -> Vec<ObjectRef> {
    let pods = serving(peers, cluster);
    let mut all: Vec<ObjectRef> = pods.into_iter().flat_map(secrets).collect();
    all.sort();
    all.dedup();
    all
}

/// The Certificates of cert-manager that are to hold the name by which the other side was called.
fn certificates_for(peers: &Peers<'_>, cluster: &Cluster<'_>) -> Vec<ObjectRef> {
    let holds = |certificate: &CustomObject| {
        let mut names = list_at(&certificate.spec, "/dnsNames")
            .iter()
            .filter_map(serde_json::Value::as_str);
        names.any(|name| {
            let mut hosts = peers.hosts.iter();
            hosts.any(|host| is_for_host(name, host.name))
        })
    };
    let all = cluster.customs("cert-manager.io", "Certificate");
    all.filter(|certificate| holds(certificate))
        .map(CustomObject::reference)
        .collect()
}

/// Seconds before the client failed in which a certificate that was made anew may have come from another authority.
const BEFORE: i64 = 900;

/// Which of the other side's Secrets was written shortly before the client did not get ready.
fn made_anew<'a>(found: &LogMatch<'a>, peers: &Peers<'a>, cluster: &Cluster<'a>) -> Vec<Evidence> {
    let Some(since) = found.pod().unready_since() else {
        return Vec::new();
    };
    let written = presented(peers, cluster).into_iter().filter_map(|secret| {
        let at = cluster.metadata_of(&secret)?.last_write?;
        let is_shortly_before = (0..=BEFORE).contains(&since.duration_since(at).as_secs());
        let text = format!("changed {} before the client was not ready", age(at, since));
        is_shortly_before.then(|| Evidence::change(secret, &text, Some(at)))
    });
    written.collect()
}

/// The Secrets that a pod mounts: its own certificates, and the authorities that it trusts.
fn secrets(pod: &Pod) -> impl Iterator<Item = ObjectRef> {
    let references = pod.spec.config_references().into_iter();
    references
        .filter(|reference| reference.kind == Kind::Secret && reference.relation.contains("volume"))
        .map(|reference| {
            ObjectRef::namespaced("v1", "Secret", &pod.metadata.namespace, reference.name)
        })
}

/// The container does not accept the other side's certificate.
fn rejects<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>, peers: &Peers<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let fault = found.same_lines().find_map(|line| FAULT.first(line));
    let fault = short(within_quotes(fault.unwrap_or("certificate rejected")));
    let of = if peers.hosts.is_empty() {
        String::new()
    } else {
        format!(" of {}", peers.names())
    };
    let title = format!(
        "{} rejects the certificate{of}: {fault}",
        found.speaker(&top)
    );
    let explanation = "It ended a TLS connection because it does not accept the certificate that the other side presents.";
    let sighting = peers.sighting(found, cluster, CONFIDENCE, title, explanation);
    let is_of_a_kubelet = || names_a_node(cluster, &peers.hosts);
    advise(sighting, remedy(found.line(), is_of_a_kubelet))
}

/// The other side was called by something that its certificate does not hold.
static OTHER_NAME: Pattern = Pattern::new(
    r"(?i)doesn't contain any IP SANs|certificate is valid for .{1,200}, not |ERR_TLS_CERT_ALTNAME_INVALID|match certificate's altnames|certificate is not valid for|hostname mismatch|IP address mismatch|no (?:subject )?alternative (?:certificate )?(?:subject )?names? ",
);

/// Nobody whom the container trusts has signed the certificate.
static UNKNOWN_AUTHORITY: Pattern = Pattern::new(
    r"(?i)signed by unknown authority|PKIX path building failed|unable to (?:verify the first|get (?:local )?issuer) certificate|self[- ]signed certificate|DEPTH_ZERO_SELF_SIGNED_CERT",
);

fn remedy(line: &str, is_of_a_kubelet: impl Fn() -> bool) -> &'static str {
    if EXPIRED.is_in(line) {
        "Renew the certificate of the other side"
    } else if UNKNOWN_AUTHORITY.is_in(line) {
        "Give the container the authority that signed the certificate of the other side, or have that issued by one that the container trusts"
    } else if !OTHER_NAME.is_in(line) {
        "Renew the certificate of the other side, or give the container the authority that signed it"
    } else if is_of_a_kubelet() {
        "Call the nodes by a name that is in their certificates, or let the cluster sign those of the kubelets: serverTLSBootstrap: true in the kubelet's configuration, and somebody who approves their CertificateSigningRequests (kubernetes.io/kubelet-serving)"
    } else {
        "Call the other side by a name that is in its certificate, or have one issued that holds this name or address (subjectAltName)"
    }
}

/// The other side does not accept the certificate of the container, or what it offers.
fn rejected<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    peers: &Peers<'a>,
    alert: &str,
) -> Sighting {
    let top = cluster.top_of(found.pod());
    let who = if peers.hosts.is_empty() {
        "The other side".to_owned()
    } else {
        peers.names()
    };
    let fault = short(alert);
    let is_about_certificate = alert.contains("certificate") || alert.contains("unknown ca");
    let (what, explanation) = if is_about_certificate {
        (
            "rejects the certificate",
            "The other side ended a TLS connection and said why in an alert: it is the certificate that this container presents that it does not accept.",
        )
    } else {
        (
            "ends the TLS connection",
            "The other side ended a TLS connection with an alert: the two do not agree on what is offered.",
        )
    };
    let title = format!("{who} {what} of {}: {fault}", found.name(&top));
    let sighting = peers.sighting(found, cluster, CONFIDENCE, title, explanation);
    let mut held: Vec<String> = secrets(found.pod())
        .map(|secret| secret.to_string())
        .collect();
    held.dedup();
    let of = match held.as_slice() {
        [] => String::new(),
        [one] => format!(" ({one})"),
        several => format!(" (one of {})", several.join(", ")),
    };
    let advice = if !is_about_certificate {
        format!("Compare versions, ciphers and names of TLS that {top} and the other side offer")
    } else if alert.contains("required") {
        format!("Give {top} a client certificate that the other side accepts{of}")
    } else {
        format!(
            "Renew the certificate that {top} presents{of}, or let the other side trust the authority that signed it"
        )
    };
    advise(sighting, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_ends_where_its_field_ends() {
        for (line, fault) in [
            (
                r#"{"level":"warn","error":"desc = \"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-01-02T00:00:00Z is after 2026-01-01T00:00:00Z\""}"#,
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-01-02T00:00:00Z is after 2026-01-01T00:00:00Z",
            ),
            (
                "MongoServerSelectionError: Hostname/IP does not match certificate's altnames: Host: db-0. is not in the cert's altnames: DNS:db",
                "Hostname/IP does not match certificate's altnames: Host: db-0. is not in the cert's altnames: DNS:db",
            ),
        ] {
            assert!(SIGNATURE.words.is_in(line), "{line}");
            assert_eq!(FAULT.first(line).map(within_quotes), Some(fault));
        }
    }

    #[test]
    fn what_to_do_follows_from_what_is_wrong() {
        let advice = |line| remedy(line, || false);
        assert!(advice("x509: certificate has expired or is not yet valid").starts_with("Renew"));
        assert!(advice("PKIX path building failed").starts_with("Give the container"));
        assert!(advice("certificate is valid for a, not b").starts_with("Call"));
    }
}
