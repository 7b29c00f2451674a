use super::log_place::mounted_file;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Container, Object, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well was started with an argument that its program does not know or
    /// accept, or its script cannot be run; then the ConfigMap that holds the script is named, where one does.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | flag provided but not defined: -enable-overspeed
    /// # log: shop/web-1/web previous | Usage of rotor:
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, args: [-enable-overspeed]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 2, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | flag provided but not defined: -enable-overspeed
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
    /// Correct the args or command of the container, or use a version of the image that knows the
    /// flag.
    ///
    /// # What it cannot know
    /// Which flags the image's version knows.
    ///
    /// # Source
    /// Words of Go's flag, cobra, clap, argparse, click, getopt, picocli and shells.
    WRK117 "log-bad-argument-or-script" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [ConfigMap, Secret, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.85;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK117",
    words: Pattern::new(
        r#"(?i)unknown (?:shorthand )?flag|flag provided but not defined|unrecogni[sz]ed (?:arguments?|options?|flags?|command)|unknown (?:command|option|argument|arg|subcommand|switch)\b|no such (?:option|command|subcommand)|invalid (?:option|argument) (?:--|-|'|\")|invalid value .{1,80} for (?:flag|option|argument|'|\"|--?)|invalid argument .{1,80} for \"?-|unexpected argument '|flag needs an argument|found argument '|bad option|illegal option|could not parse (?:flags|arguments)|error parsing (?:flags|commandline|command line)|the following (?:required )?arguments (?:are required|were not provided)|required flag\(s\)|unrecognized (?:vm )?option|unrecognized configuration parameter|(?:^|[\s/])[\w.-]*sh: .{0,120}(?:syntax error|unexpected)|\.sh: (?:line )?\d+: .{0,120}(?:syntax error|unexpected|not found)|unexpected end of file|bad interpreter|\\r'?: command not found|\^M: |SyntaxError: "#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// What was not understood, in the words of many parsers; the first that fits tells it.
static TOKENS: [Pattern; 8] = [
    Pattern::new(r"(?i)not defined: (-\S+)"),
    Pattern::new(r"(?i)unknown (?:shorthand )?flag: (?:'\w+' in )?(-\S+)"),
    Pattern::new(r"(?i)required flag\(s\) (.+) not set"),
    Pattern::new(r"(?i)arguments (?:are required|were not provided): ?(.+)"),
    Pattern::new(r#"(?i)(?:for flag|for option|for) ['"]?(-[^\s'":,]+)"#),
    Pattern::new(
        r#"(?i)(?:arguments?|options?|flags?|command|subcommand|switch|parameter)[ :=]+['"`]?(-{0,2}\w[^\s'"`]*)"#,
    ),
    Pattern::new(r#"['"`](-{1,2}[^'"`\s]+)['"`]"#),
    Pattern::new(r"(?i)(?:^|\s)(--?[a-z][\w.=-]+)"),
];

fn token(line: &str) -> Option<&str> {
    TOKENS
        .iter()
        .find_map(|words| words.first(line))
        .map(str::trim)
}

/// Words that a program says of a script rather than of a flag.
static SCRIPT: Pattern = Pattern::new(
    r"(?i)syntax ?error|unexpected end of file|bad interpreter|\^M: |command not found|\.sh: ",
);

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let line = found.line();
    let container = found.unwell.container.spec;
    if SCRIPT.is_in(line)
        && let Some((path, place, object)) = mounted_file(found)
    {
        let title = format!(
            "{object} holds a script that {} cannot run: {}",
            found.name(&top),
            short(line)
        );
        let explanation = format!(
            "The shell or interpreter stops at an error of syntax in {path}, which is on {}.",
            place.title()
        );
        let sighting = found.sighting_on(object.clone(), CONFIDENCE, title, explanation);
        return advise(
            sighting.blames(object.clone(), "mounts"),
            format!("Correct the script in {object}"),
        );
    }
    if SCRIPT.is_in(line) {
        let title = format!(
            "{} runs a script that cannot be run: {}",
            found.speaker(&top),
            short(line)
        );
        let explanation = "The shell or interpreter stops at an error of syntax. Line ends of Windows, a missing quote or another shell than the script was written for make such errors.".to_owned();
        let sighting = found
            .sighting(cluster, CONFIDENCE, title, explanation)
            .all_evidence(arguments(found, container));
        return advise(
            sighting,
            format!(
                "Correct the script in the command of {top}, or in the image or ConfigMap that holds it"
            ),
        );
    }
    let token = token(line);
    let what = token.map_or_else(|| short(line), |token| format!("`{token}`"));
    let title = format!(
        "{} does not start: its program does not accept the argument {what}",
        found.speaker(&top)
    );
    let explanation = format!("It ends at once and says: \"{}\".", short(line));
    let mut sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .all_evidence(arguments(found, container));
    if let Some(token) = token {
        sighting = sighting.identified_by("argument", token);
    }
    advise(
        sighting,
        format!(
            "Correct {what} in the args of container {} of {top}, or use an image whose version knows it ({} does not)",
            container.name, container.image
        ),
    )
}

/// The arguments with which the container starts.
fn arguments(found: &LogMatch<'_>, container: &Container) -> Option<Evidence> {
    let words: Vec<&str> = container
        .command
        .iter()
        .chain(container.args.iter())
        .map(|word| word.as_str())
        .collect();
    let path = format!("spec.containers[{}].args", container.name);
    (!words.is_empty()).then(|| Evidence::field(found.pod().reference(), &path, words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn the_argument_is_quoted_as_written() {
        for (line, expected) in [
            (
                "flag provided but not defined: -enable-overspeed",
                "-enable-overspeed",
            ),
            ("Error: unknown flag: --fast", "--fast"),
            ("Error: unknown shorthand flag: 'x' in -xyz", "-xyz"),
            ("app.py: error: unrecognized arguments: --fast", "--fast"),
            ("error: unexpected argument '--fast' found", "--fast"),
            ("Error: unknown command \"sevre\" for \"app\"", "sevre"),
            ("Error: No such option: --fast", "--fast"),
            ("invalid value \"x\" for flag -port: parse error", "-port"),
            ("Error: required flag(s) \"config\" not set", "\"config\""),
        ] {
            assert_eq!(token(line), Some(expected), "{line}");
        }
    }
}
