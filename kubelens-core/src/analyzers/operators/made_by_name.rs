//! What operators make of a custom resource under a name that they form from its own.

use super::delivered_into::undelivered_into;
use crate::kubernetes::{CustomObject, text_at};
use crate::snapshot::Cluster;

/// A kind, and the endings that its operator puts to the name of an object of it. One that ends with a hyphen is
/// followed by more.
struct Made {
    group: &'static str,
    kind: &'static str,
    secrets: &'static [&'static str],
    services: &'static [&'static str],
}

const fn made(
    group: &'static str,
    kind: &'static str,
    secrets: &'static [&'static str],
    services: &'static [&'static str],
) -> Made {
    Made {
        group,
        kind,
        secrets,
        services,
    }
}

const MADE: &[Made] = &[
    made(
        "acid.zalan.do",
        "postgresql",
        &[],
        &["", "-repl", "-pooler", "-pooler-repl"],
    ),
    made(
        "cluster.x-k8s.io",
        "Cluster",
        &["-kubeconfig", "-ca", "-etcd", "-proxy", "-sa"],
        &[],
    ),
    made(
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        &[
            "-es-elastic-user",
            "-es-http-certs-public",
            "-es-http-certs-internal",
        ],
        &["-es-http", "-es-internal-http", "-es-transport"],
    ),
    made(
        "kibana.k8s.elastic.co",
        "Kibana",
        &["-kb-http-certs-public", "-kb-http-certs-internal"],
        &["-kb-http"],
    ),
    made(
        "k8s.keycloak.org",
        "Keycloak",
        &["-initial-admin"],
        &["-service"],
    ),
    made(
        "k8s.mariadb.com",
        "MariaDB",
        &[],
        &["", "-internal", "-primary", "-secondary"],
    ),
    made(
        "kafka.strimzi.io",
        "Kafka",
        &["-cluster-ca-cert", "-clients-ca-cert"],
        &["-kafka-bootstrap", "-kafka-brokers"],
    ),
    made("kafka.strimzi.io", "KafkaBridge", &[], &["-bridge-service"]),
    made("kafka.strimzi.io", "KafkaConnect", &[], &["-connect-api"]),
    made("kafka.strimzi.io", "KafkaUser", &[""], &[]),
    made(
        "mongodbcommunity.mongodb.com",
        "MongoDBCommunity",
        &[],
        &["-svc"],
    ),
    made(
        "mysql.oracle.com",
        "InnoDBCluster",
        &[],
        &["", "-instances"],
    ),
    made(
        "postgresql.cnpg.io",
        "Cluster",
        &["-app", "-superuser", "-ca", "-server", "-replication"],
        &["-rw", "-ro", "-r"],
    ),
    made(
        "postgres-operator.crunchydata.com",
        "PostgresCluster",
        &["-pguser-", "-cluster-cert"],
        &["-primary", "-replicas", "-ha", "-pgbouncer"],
    ),
    made(
        "pxc.percona.com",
        "PerconaXtraDBCluster",
        &["-secrets"],
        &["-pxc", "-haproxy", "-proxysql"],
    ),
    made(
        "rabbitmq.com",
        "RabbitmqCluster",
        &["-default-user", "-erlang-cookie"],
        &["", "-nodes"],
    ),
    made("serving.knative.dev", "Service", &[], &[""]),
];

/// The field by which a resource of Crossplane says which Secret it writes the connection to.
const CONNECTION: &str = "/writeConnectionSecretToRef";

/// The custom resources whose operator makes a Secret of this name.
pub(super) fn makers_of_secret<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    secret: &str,
) -> Vec<&'a CustomObject> {
    let writes = |object: &CustomObject| {
        let Some(field) = object.spec.pointer(CONNECTION) else {
            return false;
        };
        let space = match text_at(field, "/namespace") {
            "" => object.metadata.namespace.as_str(),
            other => other,
        };
        text_at(field, "/name") == secret && space == namespace
    };
    // The login of a user of a cluster of Zalando's operator.
    let logs_in = |object: &CustomObject| {
        if object.group() != "acid.zalan.do" || object.metadata.namespace != *namespace {
            return false;
        }
        let name = object.metadata.name.as_str();
        // Its operator takes only names that begin with the team's.
        let with_team = format!("{}-{name}", object.spec_text("/teamId"));
        [name, &with_team]
            .iter()
            .any(|name| secret.ends_with(&format!(".{name}.credentials.postgresql.acid.zalan.do")))
    };
    cluster
        .all_customs()
        .filter(|object| {
            writes(object)
                || logs_in(object)
                || has_name(object, namespace, secret, |made| made.secrets)
        })
        .collect()
}

/// The custom resources whose operator makes a Service of this name, and what was to bring it and never came through.
pub(in crate::analyzers) fn makers_of_service<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    service: &str,
) -> Vec<&'a CustomObject> {
    cluster
        .all_customs()
        .filter(|object| has_name(object, namespace, service, |made| made.services))
        .chain(undelivered_into(cluster, namespace, service))
        .collect()
}

/// Whether a name is one that the operator of the object forms from the object's own.
fn has_name(
    object: &CustomObject,
    namespace: &str,
    name: &str,
    endings: impl Fn(&'static Made) -> &'static [&'static str],
) -> bool {
    if object.metadata.namespace != *namespace {
        return false;
    }
    let Some(rest) = name.strip_prefix(object.metadata.name.as_str()) else {
        return false;
    };
    MADE.iter()
        .filter(|made| made.group == object.group() && object.kind == made.kind)
        .flat_map(endings)
        .any(|ending| rest == *ending || ending.ends_with('-') && rest.starts_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn a_name_that_an_operator_forms_leads_to_the_resource_that_it_stands_for() {
        let picture = picture(
            "apiVersion: rabbitmq.com/v1beta1\nkind: RabbitmqCluster\nmetadata: {name: mq, namespace: shop}\n---\napiVersion: db.example.com/v1\nkind: Claim\nmetadata: {name: c, namespace: shop}\nspec: {writeConnectionSecretToRef: {name: login}}\n---\napiVersion: acid.zalan.do/v1\nkind: postgresql\nmetadata: {name: pg, namespace: shop}\n",
        );
        let cluster = Cluster::new(&picture);
        let secret = |name: &str| -> Vec<String> {
            makers_of_secret(&cluster, "shop", name)
                .into_iter()
                .map(|object| object.metadata.name.to_string())
                .collect()
        };
        assert_eq!(secret("mq-default-user"), ["mq"]);
        assert_eq!(secret("login"), ["c"]);
        assert_eq!(
            secret("app.pg.credentials.postgresql.acid.zalan.do"),
            ["pg"]
        );
        assert_eq!(secret("mq-other"), Vec::<String>::new());
        assert_eq!(makers_of_service(&cluster, "shop", "mq").len(), 1);
        assert!(makers_of_service(&cluster, "bank", "mq").is_empty());
    }
}
