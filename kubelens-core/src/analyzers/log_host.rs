//! Whom a log line talks about: host and port in the words of many languages, and the object of the
//! cluster that such a host names.

use super::api_server::{self, is_api_server};
use super::pattern::Pattern;
use crate::kubernetes::{Ingress, Namespace, Object, Pod, Service};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Lookup};

/// A host as a program writes it, and the port where it names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host<'t> {
    /// A name or an address.
    pub(crate) name: &'t str,
    /// The port.
    pub(crate) port: Option<u16>,
}

impl std::fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// What a host is in the cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// A Service.
    Service(&'a Service),
    /// A pod, by its address.
    Pod(&'a Pod),
    /// The backend of an Ingress with this host.
    Ingress(&'a Ingress),
    /// The pod itself.
    Local,
    /// Something outside of the cluster, or not to be known.
    Elsewhere,
}

/// A name in the form of a Service that no Service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingService {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

impl MissingService {
    /// Names it.
    pub(crate) fn reference(&self) -> ObjectRef {
        ObjectRef::namespaced("v1", "Service", &self.namespace, &self.name)
    }
}

/// Where a line names its peer, the most telling first: a name and a port in separate words, an
/// address with a scheme, `name/address:port`, then `host:port` alone. Group 1 is the host, 2 the port.
static GRAMMARS: [Pattern; 15] = [
    Pattern::new(r#"(?i)lookup ([a-z0-9][a-z0-9._-]*)(?: on \S+)?:"#),
    Pattern::new(r#"(?i)(?:ENOTFOUND|EAI_AGAIN|EAI_NODATA) ([a-z0-9][a-z0-9._-]*)(?::(\d+))?"#),
    Pattern::new(r#"(?i)getaddrinfo for ['"]?([a-z0-9][a-z0-9._-]*)['"]? failed"#),
    Pattern::new(
        r#"(?i)(?:could not resolve host(?:name)?|could not resolve proxy|name does not resolve|unknown (?:mysql server )?host|unknownhostexception|bad address|can't resolve|cannot resolve|failed to resolve|server can't find|translate host name|host not found in upstream|name or service not known|temporary failure in name resolution|nodename nor servname provided, or not known|no such host|dns resolution failed for|resolve server)[:\s]*['"`(]*([a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*)(?::(\d+))?"#,
    ),
    // What Node.js says of a certificate that is for somebody else.
    Pattern::new(r"(?i)\bHost: ([a-z0-9][a-z0-9._-]*) is not "),
    Pattern::new(
        r#"(?i)\bhost(?:name)?\s*[=:]?\s*['"]([a-z0-9][a-z0-9._-]*)['"](?: \([^)]*\))?,?(?: and accepting tcp/ip connections on)?(?: port[ =:]*(\d+))?"#,
    ),
    // A host among the other words of a data source: `mysql:host=db;dbname=shop`, `host=db port=5432 user=app`,
    // `Server=tcp:db,1433;Database=shop`. Alone it may be the writer's own host, as loggers note it.
    Pattern::new(
        r"(?i)\b(?:host|server|data source)=(?:tcp:)?([a-z0-9][a-z0-9._-]*)(?:[,:](\d+);|;\s*port=(\d+)| port=(\d+)|;| (?:user|dbname|database)=)",
    ),
    Pattern::new(
        r#"(?i)(?:server at|connect(?:ing)? to|connection to|reach)(?: (?:server|host|node \S+))?(?: at| on)? ['"(]*([a-z0-9][a-z0-9._-]*)['"]?(?: \([^)]*\))?,?(?: port |:|, port |/[0-9.]+:)(\d+)"#,
    ),
    Pattern::new(r#"(?i)\b[a-z][a-z0-9+.-]*://(?:[^\s/@'"]*@)?([a-z0-9][a-z0-9._-]*)(?::(\d+))?"#),
    Pattern::new(r"(?i)\b([a-z][a-z0-9._-]*)/\d+\.\d+\.\d+\.\d+:(\d+)"),
    Pattern::new(
        r"(?i)(?:dial|connect|read|write|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ECONNRESET|refused|remote host)[^\n]{0,60}?->\s*([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+):(\d+)",
    ),
    // An IPv4 address as .NET and Java write it on a socket for both.
    Pattern::new(r"(?i)::ffff:(\d+\.\d+\.\d+\.\d+)\]?(?::(\d+))?"),
    Pattern::new(
        r"(?i)\b([a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*):(\d{2,5})\b",
    ),
    Pattern::new(r"(?i)remote host \(([0-9.]+)\)|server on '?([a-z0-9][a-z0-9._-]*)'?"),
    Pattern::new(r"(?i)(?:connect to|connecting to|resolve) '?([a-z0-9][a-z0-9._-]*)'?"),
];

/// Words before `:number` that are no host: places in sources and files.
static PLACE_IN_A_FILE: Pattern = Pattern::new(
    r"(?i)\.(?:go|py|js|mjs|cjs|ts|tsx|java|kt|scala|rb|rs|c|cc|cpp|h|cs|php|ex|exs|erl|sh|conf|yaml|yml|json|toml|xml|ini|properties|sql|txt|log|lua|pl|clj|swift|dart)$|^(?:line|port|code|errno|pid|exit|status|error|at|col|column|time|level|id|\d{1,2}|\d{4}-\d\d-\d\dt?\d*)$",
);

/// Whom nginx called in vain. The line also names its own client and the host that this one asked for.
static UPSTREAM: Pattern =
    Pattern::new(r#"(?i)\bupstream: "[a-z]+://([a-z0-9][a-z0-9._-]*)(?::(\d+))?[^"]*""#);

/// Most hosts that one line is taken to name.
const MOST_HOSTS: usize = 4;

/// The hosts that a line names, the most telling first, each once; at most four.
pub(crate) fn hosts_in(line: &str) -> Vec<Host<'_>> {
    if let Some(upstream) = UPSTREAM.captures(line).and_then(|found| host_of(&found)) {
        return vec![upstream];
    }
    let mut all: Vec<Host<'_>> = Vec::new();
    for grammar in &GRAMMARS {
        let found = grammar
            .all_captures(line)
            .filter(|found| !is_end_of_a_path(line, found))
            .filter_map(|found| host_of(&found))
            .find(|host| is_host(host.name) && !is_name_server(line, host.name));
        let Some(host) = found else {
            continue;
        };
        if let Some(known) = all.iter_mut().find(|known| known.name == host.name) {
            known.port = known.port.or(host.port);
        } else if all.len() < MOST_HOSTS {
            all.push(host);
        }
    }
    all
}

/// An address with a port.
static ADDRESS: Pattern = Pattern::new(r"\b(\d+\.\d+\.\d+\.\d+):\d+");

/// The addresses that a line names with a port, without those of name servers.
pub(crate) fn addresses_in(line: &str) -> impl Iterator<Item = &str> {
    let all = ADDRESS.all_captures(line);
    all.filter_map(|found| found.get(1).map(|address| address.as_str()))
        .filter(|address| !is_name_server(line, address))
}

/// The groups of a grammar: the first that took part is the host, the next the port.
fn host_of<'t>(found: &regex::Captures<'t>) -> Option<Host<'t>> {
    let mut groups = found.iter().skip(1).flatten().map(|group| group.as_str());
    let name = groups.next()?.trim_end_matches('.');
    let port = groups.next().and_then(|port| port.parse().ok());
    Some(Host { name, port })
}

fn is_host(name: &str) -> bool {
    let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
    let has_letter = name.chars().any(|c| c.is_ascii_alphabetic());
    let is_filler = matches!(
        name.to_ascii_lowercase().as_str(),
        "the"
            | "a"
            | "an"
            | "to"
            | "server"
            | "host"
            | "database"
            | "remote"
            | "tcp"
            | "udp"
            | "any"
            | "socket"
            | "for"
            | "on"
            | "in"
            | "upstream"
            | "ffff"
    );
    (is_address || has_letter) && !is_filler && name != "MySQL" && !PLACE_IN_A_FILE.is_in(name)
}

/// `lookup db on 10.96.0.10:53`, `read udp 10.1.2.3:4->10.96.0.10:53`: who was asked, not what for.
fn is_name_server(line: &str, name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok() && line.contains(&format!("{name}:53"))
        || line.contains(&format!("udp {name}:"))
}

/// `node:internal/process/promises:394`: the last word of a path, and a line in it. What follows a
/// scheme, and an address after a name, are hosts.
fn is_end_of_a_path(line: &str, found: &regex::Captures<'_>) -> bool {
    let Some(host) = found.iter().skip(1).flatten().next() else {
        return false;
    };
    let before = line.get(..host.start()).unwrap_or_default();
    before.ends_with('/')
        && !before.ends_with("//")
        && host.as_str().parse::<std::net::Ipv4Addr>().is_err()
}

/// What the host is, seen from a namespace. Who calls it reads Service, Pod, Ingress and Namespace.
pub(crate) fn resolve<'a>(cluster: &Cluster<'a>, namespace: &str, host: &str) -> Target<'a> {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.starts_with("127.") || name == "0.0.0.0" || name == "::1" {
        return Target::Local;
    }
    if name.parse::<std::net::IpAddr>().is_ok() {
        return resolve_address(cluster, &name);
    }
    if let Some(service) = service_called(cluster, namespace, &name) {
        return Target::Service(service);
    }
    cluster
        .all::<Ingress>()
        .find(|ingress| ingress.spec.rules.iter().any(|rule| rule.host == *name))
        .map_or(Target::Elsewhere, Target::Ingress)
}

/// The Service that a name in lower case means, seen from a namespace. Who calls it reads Service.
pub(crate) fn service_called<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    name: &str,
) -> Option<&'a Service> {
    service_names(namespace, name)
        .into_iter()
        .find_map(|(namespace, service)| cluster.get::<Service>(namespace, service))
}

fn resolve_address<'a>(cluster: &Cluster<'a>, address: &str) -> Target<'a> {
    let service = cluster.all::<Service>().find(|service| {
        service.spec.cluster_ip == *address
            || service
                .status
                .load_balancer
                .ingress
                .iter()
                .any(|entry| entry.ip == *address)
    });
    if let Some(service) = service {
        return Target::Service(service);
    }
    cluster
        .all::<Pod>()
        .find(|pod| pod.status.pod_ip == *address && !pod.spec.host_network && pod.is_live())
        .map_or(Target::Elsewhere, Target::Pod)
}

/// The Services, by namespace and name, that a name may mean: `svc`, `svc.ns`, `svc.ns.svc…`,
/// `pod.svc.ns.svc…`, `pod.svc`.
fn service_names<'t>(namespace: &'t str, name: &'t str) -> Vec<(&'t str, &'t str)> {
    let labels: Vec<&str> = name.split('.').collect();
    match labels.as_slice() {
        [service] => vec![(namespace, *service)],
        [first, second] => vec![(*second, *first), (namespace, *second)],
        [service, space, "svc", ..] => vec![(*space, *service)],
        [_pod, service, space, "svc", ..] => vec![(*space, *service)],
        [_pod, service, space] => vec![(*space, *service)],
        _ => Vec::new(),
    }
}

/// The Service that a name must mean and that does not exist: `svc`, `svc.ns` of a namespace that
/// exists, `svc.ns.svc…`. None where it exists, may be something else, or cannot be known.
pub(crate) fn missing_service(
    cluster: &Cluster<'_>,
    namespace: &str,
    host: &str,
) -> Option<MissingService> {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let labels: Vec<&str> = name.split('.').collect();
    let (space, service) = match labels.as_slice() {
        [service] => (namespace, *service),
        [service, space] if cluster.get::<Namespace>("", space).is_some() => (*space, *service),
        [service, space, "svc", ..] => (*space, *service),
        [_pod, service, space, "svc", ..] => (*space, *service),
        _ => return None,
    };
    let exists = service_names(namespace, &name)
        .into_iter()
        .any(|(space, service)| cluster.get::<Service>(space, service).is_some());
    let is_absent = matches!(cluster.look_up::<Service>(space, service), Lookup::Absent);
    (!exists && is_absent).then(|| MissingService {
        namespace: space.to_owned(),
        name: service.to_owned(),
    })
}

/// Whether a name of a certificate or a rule is for a host: its own, or one level below a wildcard (RFC 6125).
pub(crate) fn is_for_host(name: &str, host: &str) -> bool {
    let wild = name.strip_prefix("*.");
    name == host
        || wild.is_some_and(|domain| host.split_once('.').is_some_and(|(_, rest)| rest == domain))
}

/// What to look at if the host does not answer: the Service, and the workloads of its pods that are
/// not ready. A host with the name of a Service that does not exist is that missing Service.
pub(crate) fn suspects(
    cluster: &Cluster<'_>,
    namespace: &str,
    host: &str,
) -> Vec<(ObjectRef, &'static str)> {
    if is_api_server(cluster, host) {
        return api_server::suspects(cluster);
    }
    match resolve(cluster, namespace, host) {
        Target::Service(service) => suspects_of_service(cluster, service),
        Target::Pod(pod) => vec![(cluster.top_of(pod), "calls")],
        Target::Ingress(ingress) => {
            let own = std::iter::once((ingress.reference(), "calls"));
            let services = ingress.spec.backends().filter_map(|backend| {
                cluster.get::<Service>(&ingress.metadata.namespace, &backend.name)
            });
            own.chain(services.flat_map(|service| suspects_of_service(cluster, service)))
                .collect()
        }
        Target::Local => Vec::new(),
        Target::Elsewhere => missing_service(cluster, namespace, host)
            .map(|missing| (missing.reference(), "names"))
            .into_iter()
            .collect(),
    }
}

/// Seconds after the end of its grace in which a pod that is being deleted just goes.
const GOING: i64 = 60;

/// The Service and the workloads of its pods that are not ready.
pub(crate) fn suspects_of_service<'a>(
    cluster: &Cluster<'a>,
    service: &'a Service,
) -> Vec<(ObjectRef, &'static str)> {
    let mut all = vec![(service.reference(), "calls")];
    for pod in cluster.pods_behind(service) {
        // One that should have gone long ago, from a node that does not answer, serves nobody either.
        let goes = cluster.is_within(pod.metadata.deletion_timestamp, GOING);
        if pod.unready_since().is_some() && !goes {
            let top = cluster.top_of(pod);
            if !all.iter().any(|(known, _)| known.is_same(&top)) {
                all.push((top, "calls"));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn hosts_are_read_in_the_words_of_many_languages() {
        for (line, expected) in [
            (
                "dial tcp 10.112.3.9:80: connect: connection refused",
                "10.112.3.9:80",
            ),
            (
                "dial tcp: lookup db.shop on 10.96.0.10:53: no such host",
                "db.shop",
            ),
            (
                "Get \"http://api.shop.svc:8080/x\": dial tcp 10.1.2.3:8080: connect: connection refused",
                "api.shop.svc:8080",
            ),
            ("Error: connect ECONNREFUSED 10.0.0.1:5432", "10.0.0.1:5432"),
            (
                "System.Net.Sockets.SocketException (111): Connection refused [::ffff:10.96.1.14]:9092",
                "10.96.1.14:9092",
            ),
            (
                "Error: getaddrinfo ENOTFOUND db.shop.svc.cluster.local",
                "db.shop.svc.cluster.local",
            ),
            ("Error: getaddrinfo EAI_AGAIN redis", "redis"),
            (
                "connection to server at \"db\" (10.0.0.1), port 5432 failed: Connection refused",
                "db:5432",
            ),
            (
                "Is the server running on host \"db\" (10.0.0.1) and accepting TCP/IP connections on port 5432?",
                "db:5432",
            ),
            (
                "could not translate host name \"db\" to address: Name or service not known",
                "db",
            ),
            (
                "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
                "redis:6379",
            ),
            (
                "HTTPConnectionPool(host='api', port=8080): Max retries exceeded with url: /",
                "api:8080",
            ),
            (
                "org.postgresql.util.PSQLException: Connection to db:5432 refused. Check that",
                "db:5432",
            ),
            (
                "java.net.UnknownHostException: ledger-db: Name or service not known",
                "ledger-db",
            ),
            (
                "java.net.ConnectException: Failed to connect to db/10.0.0.1:5432",
                "db:5432",
            ),
            ("nc: bad address 'db'", "db"),
            (
                "PDOException: SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for db failed: Name or service not known in /var/www/html/lib/Pdo.php:424",
                "db",
            ),
            (
                "curl: (7) Failed to connect to api port 8080 after 2 ms: Connection refused",
                "api:8080",
            ),
            ("curl: (6) Could not resolve host: api.shop", "api.shop"),
            (
                "** server can't find db.shop.svc.cluster.local: NXDOMAIN",
                "db.shop.svc.cluster.local",
            ),
            (
                "2026/01/01 12:00:00 [emerg] 1#1: host not found in upstream \"api\" in /etc/nginx/conf.d/default.conf:5",
                "api",
            ),
            ("Can't connect to MySQL server on 'mysql' (111)", "mysql"),
            (
                "postgres://app@orders-db:5432/orders: connection refused",
                "orders-db:5432",
            ),
            (
                "2026/01/01 11:57:02 dial tcp 10.96.0.7:5432: i/o timeout",
                "10.96.0.7:5432",
            ),
            (
                "#0 /var/www/html/lib/Db.php(41): PDO->__construct('mysql:host=db;d...', 'shop', Object(SensitiveParameterValue))",
                "db",
            ),
            (
                "failed to connect to `host=db user=app database=orders`: dial error",
                "db",
            ),
            (
                "cannot open host=db port=5432 dbname=orders: connection refused",
                "db:5432",
            ),
            (
                "Login failed; Server=tcp:sql.shop,1433;Database=orders",
                "sql.shop:1433",
            ),
            (
                "read tcp 10.1.0.9:53412->10.96.4.4:6379: i/o timeout",
                "10.96.4.4:6379",
            ),
        ] {
            let found = hosts_in(line).first().map(ToString::to_string);
            assert_eq!(found.as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_place_in_a_source_is_no_host() {
        assert_eq!(hosts_in("main.go:42 something failed at 12:30:45"), []);
        assert_eq!(hosts_in("node:internal/process/promises:394"), []);
        assert_eq!(
            hosts_in("java.net.ConnectException: Connection refused"),
            []
        );
        assert_eq!(
            hosts_in("level=error msg=\"connection refused\" host=web-5d"),
            []
        );
    }

    #[test]
    fn names_and_addresses_lead_to_the_service() {
        let picture = picture(
            "# listed: Service, Namespace\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {clusterIP: 10.96.0.7}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n",
        );
        let cluster = Cluster::new(&picture);
        for host in [
            "db",
            "db.shop",
            "db.shop.svc",
            "db.shop.svc.cluster.local.",
            "db-0.db",
            "db-0.db.shop.svc.cluster.local",
            "10.96.0.7",
        ] {
            assert!(
                matches!(resolve(&cluster, "shop", host), Target::Service(_)),
                "{host}"
            );
        }
        for host in ["github.com", "db.example.com", "10.96.0.8"] {
            assert!(
                matches!(resolve(&cluster, "shop", host), Target::Elsewhere),
                "{host}"
            );
            assert_eq!(missing_service(&cluster, "shop", host), None, "{host}");
        }
        let missing =
            |host: &str| missing_service(&cluster, "shop", host).map(|m| m.reference().path());
        assert_eq!(missing("cache").as_deref(), Some("shop/cache"));
        assert_eq!(missing("db.other").as_deref(), Some("other/db"));
        assert_eq!(
            missing("db.gone.svc.cluster.local").as_deref(),
            Some("gone/db")
        );
        assert_eq!(missing("db"), None);
    }
}
