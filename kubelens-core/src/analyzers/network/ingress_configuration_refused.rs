use jiff::Timestamp;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Event, Ingress, Object, Pod};
use crate::model::{Evidence, Risk, Severity, Suggestion, counted, gist};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// nginx refuses the configuration that its ingress controller writes. It goes on with the last one that it
    /// took: what is served stays served, and no change of any Ingress takes effect, by whichever Ingress it is
    /// held up. A restart of the controller then takes everything down.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: edge-1, namespace: edge, uid: p1}
    /// spec: {containers: [{name: controller}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: edge}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: edge, name: edge-1, uid: p1}
    /// type: Warning
    /// reason: RELOAD
    /// message: "Error reloading NGINX: \n---\nError: exit status 1\n2026/01/01 11:58:00 [emerg] 40#40: unknown directive \"proxy_reed_timeout\" in /tmp/nginx/nginx-cfg12:310\n"
    /// count: 9
    /// firstTimestamp: "2026-01-01T11:30:00Z"
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: web
    ///   namespace: shop
    ///   annotations: {nginx.ingress.kubernetes.io/configuration-snippet: "proxy_reed_timeout 60s;"}
    /// ```
    ///
    /// # Stays silent on
    /// The last refusal was hours ago:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: edge-1, namespace: edge, uid: p1}
    /// spec: {containers: [{name: controller}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: edge}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: edge, name: edge-1, uid: p1}
    /// type: Warning
    /// reason: RELOAD
    /// message: "Error reloading NGINX: [emerg] 40#40: unknown directive \"x\" in /tmp/nginx/nginx-cfg12:310"
    /// lastTimestamp: "2026-01-01T09:58:00Z"
    /// ```
    ///
    /// # How to fix
    /// Correct the annotation that holds what nginx names, or the snippet in the controller's ConfigMap. Let the
    /// controller's admission webhook check Ingresses before they are stored.
    ///
    /// # What it cannot know
    /// Values of ConfigMaps, which are not kept: then the controller is named, with nginx's words.
    ///
    /// # Source
    /// Warning events `RELOAD` that ingress-nginx writes about its own pods; annotations of Ingresses.
    NET029 "ingress-configuration-refused" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Event, Ingress],
        maps_to: [],
        check: Pod(check),
    }
}

/// How nginx marks what it refuses a configuration for.
const MARK: &str = "[emerg] ";

/// Shorter words stand in too many annotations.
const SHORTEST: usize = 3;

/// Most characters of nginx's words that a title quotes.
const MOST: usize = 120;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let refusal = cluster
        .current_event(pod, &["RELOAD"])
        .filter(|event| event.is_warning());
    if let Some(event) = refusal
        && let Some(words) = refused_for(&event.message)
        && pod.is_live()
    {
        sink.report(sighting(pod, cluster, event, words));
    }
}

/// What nginx says against the configuration, without its process and the place in a file that nobody has.
fn refused_for(message: &str) -> Option<&str> {
    let (_, said) = message.split_once(MARK)?;
    let said = said.lines().next()?;
    let said = match said.split_once(": ") {
        Some((process, said)) if process.contains('#') => said,
        _ => said,
    };
    let end = said.rfind(" in /").unwrap_or(said.len());
    said.get(..end).filter(|said| !said.is_empty())
}

/// The Ingress that holds a word which nginx quotes, the one that was written last first, and its annotation.
fn holder<'a>(cluster: &Cluster<'a>, words: &str) -> Option<(&'a Ingress, &'a str, &'a str)> {
    let quoted: Vec<&str> = words
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|word| word.len() >= SHORTEST)
        .collect();
    let mut found: Vec<_> = cluster
        .all::<Ingress>()
        .filter_map(|ingress| {
            let annotations = ingress.metadata.annotations.iter();
            let mut lines = annotations
                .filter(|(key, _)| key.contains("nginx"))
                .flat_map(|(key, value)| value.lines().map(|line| (key.as_str(), line)));
            let holds = |line: &str| quoted.iter().any(|word| line.contains(word));
            let (key, line) = lines.find(|(_, line)| holds(line))?;
            Some((ingress, key, line))
        })
        .collect();
    found.sort_by_key(|(ingress, ..)| std::cmp::Reverse(written(ingress)));
    found.into_iter().next()
}

/// When an Ingress got its present form.
fn written(ingress: &Ingress) -> Option<Timestamp> {
    let meta = &ingress.metadata;
    meta.last_write.or(meta.creation_timestamp)
}

fn sighting<'a>(pod: &'a Pod, cluster: &Cluster<'a>, event: &Event, words: &str) -> Sighting {
    let holder = holder(cluster, words);
    let own = holder.map_or_else(|| cluster.top_of(pod), |(ingress, ..)| ingress.reference());
    let since = event.first_seen();
    let held_up: Vec<&Ingress> = cluster
        .all::<Ingress>()
        .filter(|ingress| since.is_some() && written(ingress) > since)
        .collect();
    let waiting = match held_up.as_slice() {
        [] => String::new(),
        [only] => format!(
            " {} was written since then and is not served as written.",
            only.reference()
        ),
        [first, ..] => format!(
            " {} were written since then and are not served as written, such as {}.",
            counted(held_up.len(), "Ingress"),
            first.reference()
        ),
    };
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} keeps its ingress controller from taking over any change: nginx says {}",
            gist(words, MOST)
        ),
        format!(
            "nginx refuses the configuration as a whole and goes on with the last one that it took; a restart of the controller would take everything down.{waiting}"
        ),
    )
    .identified_by("refused", words)
    .seen_on(pod.reference(), "configures")
    .severity(if held_up.is_empty() {
        Severity::Warning
    } else {
        Severity::Critical
    })
    .event(event)
    .since(since);
    if let Some((ingress, key, line)) = holder {
        let meta = &ingress.metadata;
        let path = format!("metadata.annotations[{key}]");
        sighting = sighting
            .evidence(Evidence::field(own.clone(), &path, line.trim()).at(written(ingress)))
            .suggest(Suggestion::run(
                format!("Correct annotation {key} of {own}"),
                format!("kubectl -n {} edit ingress {}", meta.namespace, meta.name),
                Risk::Low,
            ));
    } else {
        sighting = sighting.suggest(Suggestion::advice(
            "Take what nginx names out of the Ingress, or out of the snippet in the controller's ConfigMap, that sets it",
        ));
    }
    for ingress in held_up.iter().take(3) {
        let path = "metadata.creationTimestamp";
        let made = ingress.metadata.creation_timestamp;
        let text = made.map(|made| made.to_string()).unwrap_or_default();
        sighting = sighting.evidence(Evidence::field(ingress.reference(), path, text).at(made));
    }
    sighting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nginx_says_is_left_without_process_and_place() {
        let message = "Error reloading NGINX: \n---\n2026/01/01 11:58:00 [emerg] 40#40: \"}\" directive is not terminated by \";\" in /tmp/nginx/nginx-cfg12:310\nnginx: configuration file test failed\n";
        assert_eq!(
            refused_for(message),
            Some("\"}\" directive is not terminated by \";\"")
        );
        assert_eq!(
            refused_for("NGINX reload triggered due to a change in configuration"),
            None
        );
    }
}
