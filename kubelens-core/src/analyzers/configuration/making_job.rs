//! Jobs that make a Secret: charts run one before what takes the Secret.

use crate::kubernetes::{Condition, Container, Job, Kind, condition};
use crate::snapshot::Cluster;

/// Words in the image, the command or the name of a Job that makes certificates, keys or logins.
const MAKERS: [&str; 14] = [
    "acl-init",
    "admission-create",
    "admission-init",
    "cert-gen",
    "certgen",
    "gen-admission",
    "gen-cert",
    "generate-cert",
    "generate-secret",
    "secret-gen",
    "self-sign",
    "shared-secrets",
    "tls-init",
    "tokengen",
];

/// Words in the name of a Secret with a certificate.
const CERTIFICATES: [&str; 5] = ["admission", "cert", "tls", "webhook", "-ca"];

/// The Jobs of a namespace that are to make a Secret of this name and have not.
pub(super) fn jobs_that_make<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    secret: &str,
) -> Vec<&'a Job> {
    let open: Vec<(&Job, Making<'_>)> = cluster
        .in_namespace::<Job>(namespace)
        .filter(|job| {
            !condition(&job.status.conditions, "Complete").is_some_and(Condition::is_true)
                && !takes(job, secret)
        })
        .filter_map(|job| Some((job, Making::of(job)?)))
        .collect();
    let named: Vec<&Job> = open
        .iter()
        .filter(|(_, making)| making.names(secret))
        .map(|(job, _)| *job)
        .collect();
    if !named.is_empty() {
        return named;
    }
    open.iter()
        .filter(|(job, making)| making.is_silent && fits(&job.metadata.name, secret))
        .map(|(job, _)| *job)
        .collect()
}

/// Whether the pods of a Job need the Secret themselves.
fn takes(job: &Job, secret: &str) -> bool {
    let mut references = job.spec.template.spec.config_references().into_iter();
    references.any(|one| one.kind == Kind::Secret && one.name == secret)
}

/// A Job that makes Secrets.
struct Making<'a> {
    containers: Vec<&'a Container>,
    /// Whether it names no Secret: then only names tell which it makes.
    is_silent: bool,
}

impl<'a> Making<'a> {
    fn of(job: &'a Job) -> Option<Self> {
        let spec = &job.spec.template.spec;
        let containers: Vec<&Container> = spec.all_containers().map(|(_, one)| one).collect();
        let is_maker = |text: &str| MAKERS.iter().any(|word| text.contains(word));
        let makes = is_maker(&job.metadata.name)
            || containers
                .iter()
                .any(|one| is_maker(&one.image) || words_of(one).any(is_maker));
        let is_silent = !containers
            .iter()
            .flat_map(|one| words_of(one))
            .any(|word| matches!(word.split('=').next(), Some("--secret" | "--secret-name")));
        makes.then_some(Self {
            containers,
            is_silent,
        })
    }

    /// Whether an argument or a variable of it is this name: `--secret-name=x`.
    fn names(&self, secret: &str) -> bool {
        self.containers.iter().any(|one| {
            let is_argument = words_of(one).any(|word| {
                word.split(|letter: char| letter.is_whitespace() || "='\",;".contains(letter))
                    .any(|part| part == secret)
            });
            is_argument || one.env.iter().any(|variable| variable.value == *secret)
        })
    }
}

fn words_of(container: &Container) -> impl Iterator<Item = &str> {
    let words = container.command.iter().chain(&container.args);
    words.map(|word| word.as_str())
}

/// Whether a Job that names no Secret is named as one that makes this: `web-admission-create` makes `web-admission`.
/// Of one installation, it makes what holds a certificate.
fn fits(job: &str, secret: &str) -> bool {
    let is_longer = job
        .strip_prefix(secret)
        .is_some_and(|rest| rest.starts_with('-'));
    let first = |name: &str| name.split('-').next().unwrap_or_default().to_owned();
    let holds_certificate = CERTIFICATES.iter().any(|word| secret.contains(word));
    is_longer || holds_certificate && secret.starts_with(&first(job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn a_job_makes_the_secret_that_it_names_or_is_named_after() {
        let picture = picture(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: web-admission-create, namespace: shop}\nspec: {template: {spec: {containers: [{name: create, image: \"r/certgen:1\"}]}}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: queue-admission-init, namespace: shop}\nspec: {template: {spec: {containers: [{name: c, image: \"r/queue:1\", command: [./gen-admission-secret.sh, --secret, queue-keys]}]}}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: web-migrate, namespace: shop}\nspec: {template: {spec: {containers: [{name: c, image: \"r/web:1\", args: [web-login]}]}}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: old-certgen, namespace: shop}\nstatus: {conditions: [{type: Complete, status: \"True\"}]}\n",
        );
        let cluster = Cluster::new(&picture);
        let makers = |secret: &str| -> Vec<String> {
            jobs_that_make(&cluster, "shop", secret)
                .into_iter()
                .map(|job| job.metadata.name.to_string())
                .collect()
        };
        assert_eq!(makers("web-admission"), ["web-admission-create"]);
        assert_eq!(makers("web-tls"), ["web-admission-create"]);
        assert_eq!(makers("queue-keys"), ["queue-admission-init"]);
        assert_eq!(makers("web-login"), Vec::<String>::new());
        assert_eq!(makers("old-cert"), Vec::<String>::new());
    }
}
