//! A Job that failed, and one made after it that did the work: the next run of its schedule, or the same thing applied
//! again under the next name, as names of migrations and release hooks count up.

use jiff::Timestamp;

use super::images::image_name::ImageName;
use super::jobs::outcome::has_succeeded;
use crate::kubernetes::{CronJob, Job};
use crate::snapshot::Cluster;

/// Whether the work of a Job that failed at a time was done by a later one. Reads CronJob, Job.
pub(crate) fn has_later_success(
    cluster: &Cluster<'_>,
    job: &Job,
    failed_at: Option<Timestamp>,
) -> bool {
    let since = failed_at.or(job.metadata.creation_timestamp);
    let namespace = &job.metadata.namespace;
    let schedule = job
        .metadata
        .controller()
        .filter(|owner| owner.kind == "CronJob")
        .and_then(|owner| cluster.get::<CronJob>(namespace, &owner.name));
    let is_later = |other: &Job| {
        has_succeeded(other) && other.metadata.creation_timestamp > job.metadata.creation_timestamp
    };
    if let Some(schedule) = schedule {
        let by_status = since.is_some() && schedule.status.last_successful_time > since;
        return by_status || cluster.jobs_of(&schedule.metadata).any(is_later);
    }
    job.metadata.owner_references.is_empty()
        && cluster.in_namespace::<Job>(namespace).any(|other| {
            other.metadata.owner_references.is_empty()
                && is_later(other)
                && other.metadata.creation_timestamp > since
                && is_same_thing(job, other)
        })
}

/// Whether two Jobs are runs of one thing: names that differ in a number, a version or a generated end, and the same
/// programs, whatever their versions.
fn is_same_thing(one: &Job, other: &Job) -> bool {
    let stem = |job: &Job| {
        let (stem, end) = job.metadata.name.rsplit_once('-')?;
        let counts = end.chars().any(|letter| letter.is_ascii_digit())
            || *job.metadata.generate_name == format!("{stem}-");
        counts.then(|| stem.to_owned())
    };
    let programs = |job: &Job| -> Vec<(String, String)> {
        let containers = job.spec.template.spec.containers.iter();
        containers
            .map(|container| {
                let image = ImageName::parse(&container.image);
                (
                    container.name.to_string(),
                    format!("{}/{}", image.registry, image.repository),
                )
            })
            .collect()
    };
    stem(one).is_some_and(|stem_of_one| stem(other) == Some(stem_of_one))
        && programs(one) == programs(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    fn job(name: &str, image: &str, hour: u8, end: &str) -> String {
        format!(
            "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, namespace: n, creationTimestamp: \"2026-01-01T{hour:02}:00:00Z\"}}\nspec: {{template: {{spec: {{containers: [{{name: main, image: \"{image}\"}}]}}}}}}\nstatus: {{conditions: [{{type: {end}, status: \"True\", lastTransitionTime: \"2026-01-01T{hour:02}:30:00Z\"}}]}}\n"
        )
    }

    #[test]
    fn the_next_of_the_same_thing_makes_up_for_the_one_that_failed() {
        let is_made_up_for = |other: &str| {
            let text = job("migrate-41", "r.example/migrate:41", 8, "Failed") + other;
            let picture = picture(&text);
            let cluster = Cluster::new(&picture);
            let failed = cluster.get::<Job>("n", "migrate-41").expect("the Job");
            let at = failed.status.conditions[0].last_transition_time;
            has_later_success(&cluster, failed, at)
        };
        let next = |name, image, hour, end| is_made_up_for(&job(name, image, hour, end));
        assert!(next("migrate-42", "r.example/migrate:42", 9, "Complete"));
        assert!(next("migrate-v2.1", "r.example/migrate", 9, "Complete"));
        // It failed as well, came before, is another program or part of another thing.
        assert!(!next("migrate-42", "r.example/migrate:42", 9, "Failed"));
        assert!(!next("migrate-40", "r.example/migrate:40", 7, "Complete"));
        assert!(!next("migrate-42", "r.example/seed:42", 9, "Complete"));
        assert!(!next("import-42", "r.example/migrate:42", 9, "Complete"));
        assert!(!next(
            "migrate-users",
            "r.example/migrate:42",
            9,
            "Complete"
        ));
    }
}
