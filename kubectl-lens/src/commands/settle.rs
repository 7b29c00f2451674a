//! `settle`: did what was applied converge, and if not, why.

use std::time::Duration;

use kubelens_core::{
    engine::diagnose,
    kubernetes::Pod,
    model::{ObjectRef, Report},
    settling::{self, Patience, Settling, Verdict},
    snapshot::Snapshot,
    source::{LiveSource, ReadRequest, Watch, Watched},
};
use tokio::time::{Instant, sleep};

use super::{print, watch::not_followed};
use crate::{
    cli::{ConnectionFlags, SettleArgs},
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    logs::FetchedLogs,
    picture,
    render::{self, View},
    settings::{Checks, Namespaces, Origin, OutputSettings, PictureSettings, connect_options},
    target::{self, Resolved, Target},
};

/// Between two looks, at most: things settle by lasting, without any change.
const PAUSE: Duration = Duration::from_secs(2);
/// Where node autoscalers usually live: read too when a pod has no node.
const SYSTEM: &str = "kube-system";

pub(super) async fn run(
    args: SettleArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let named = target::named(&args.about)?;
    let settings = PictureSettings::new(connection, &args.picture)?;
    if !named.is_empty() && settings.selector.is_some() {
        return Err(
            Failure::new("-l and objects by name are two questions").way_out("choose one of them")
        );
    }
    let mut watcher = Watcher {
        question: Question {
            named,
            known: Vec::new(),
            namespaces: Vec::new(),
        },
        checks: Checks::of(&args.checks, configuration)?,
        settling: Settling::new(Patience {
            stable_for: args.stable_for,
            wedged_for: args.wedged_for,
        }),
        settings,
        output,
    };
    let Judged { verdict, report } = if let Origin::Live(flags) = &watcher.settings.origin {
        output.progress.step("connecting");
        let source = LiveSource::connect(&connect_options(flags))
            .await
            .map_err(picture::told)?;
        watcher.follow(&source, args.timeout.unsigned_abs()).await?
    } else {
        let snapshot =
            picture::read_with(&watcher.settings, watcher.checks.whole(), output).await?;
        watcher.judge(&snapshot)?
    };
    picture::tell_notes(&report, output);
    output.progress.stop();
    let report = target::keep(report, |cause| {
        verdict.causes.iter().any(|known| known.id == cause.id)
    });
    print(output, |output| {
        let view = View::of_width(output.width);
        render::verdict(&verdict, &report, &output.format, &view)
    })?;
    Ok(ExitStatus::Judged(verdict.outcome))
}

/// What one look came to.
struct Judged {
    verdict: Verdict,
    report: Report,
}

struct Watcher<'a> {
    question: Question,
    checks: Checks,
    settling: Settling,
    settings: PictureSettings,
    output: &'a OutputSettings,
}

impl Watcher<'_> {
    /// Looks until the verdict is final or the time is up.
    async fn follow(&mut self, source: &LiveSource, patience: Duration) -> Result<Judged, Failure> {
        let begin = Instant::now();
        let own = vec![source.default_namespace().to_owned()];
        let mut request = ReadRequest {
            // What was applied a moment ago must be in the picture.
            is_consistent: true,
            ..picture::request(&self.settings, own, self.checks.whole())
        };
        self.question.live_in(&mut request.namespaces);
        let mut logs = FetchedLogs::default();
        let mut watch = self.watch(source, &request).await?;
        let mut is_first = true;
        loop {
            let Watched {
                mut snapshot,
                troubles,
            } = watch
                .current()
                .await
                .ok_or_else(|| Failure::new("nobody follows the cluster any more"))?;
            let is_late = begin.elapsed() >= patience;
            if troubles.is_empty() {
                if is_first && let Namespaces::Named(names) = &self.settings.namespaces {
                    target::namespaces_exist(names, &snapshot)?;
                }
                is_first = false;
                if look_for_autoscalers(&mut request, &snapshot) {
                    watch = self.watch(source, &request).await?;
                    continue;
                }
                if self.settings.logs {
                    snapshot = logs.put_into(snapshot, source).await;
                }
                let judged = tokio::task::block_in_place(|| self.judge(&snapshot))?;
                if is_late || judged.verdict.is_final() {
                    return Ok(judged);
                }
                self.output.progress.step(&waiting_for(&judged.verdict));
            } else {
                // What is old must not be judged.
                let told = not_followed(&troubles);
                if is_late {
                    return Err(Failure::new(told).way_out("run it again once the server answers"));
                }
                self.output.progress.step(&told);
            }
            // What changes often is not looked at each time; and things also settle by lasting.
            let pause = PAUSE.min(patience.saturating_sub(begin.elapsed()));
            tokio::select! {
                () = sleep(pause) => {}
                () = async { watch.changed().await; sleep(pause / 4).await } => {}
            }
        }
    }

    async fn watch(&self, source: &LiveSource, request: &ReadRequest) -> Result<Watch, Failure> {
        source
            .watch(request, &self.output.progress)
            .await
            .map_err(picture::told)
    }

    fn judge(&mut self, snapshot: &Snapshot) -> Result<Judged, Failure> {
        let report = diagnose(snapshot, &self.checks.options());
        let streams = self.output.streams;
        let settings = &self.settings;
        let verdict = match self.question.targets(settings, snapshot)? {
            Targets::Named(objects, missing) => {
                for failure in missing {
                    streams.message(&format!("{failure}\n"));
                }
                self.settling.observe(snapshot, &report, &objects)
            }
            Targets::All(objects) => {
                self.settling
                    .observe_all(snapshot, &report, &objects, &self.question.namespaces)
            }
        };
        Ok(Judged { verdict, report })
    }
}

/// What is asked about.
struct Question {
    named: Vec<Target>,
    /// The named objects that were seen, in the order of the names.
    known: Vec<Option<ObjectRef>>,
    /// Where to look for what has no name; empty for everywhere.
    namespaces: Vec<String>,
}

/// The objects that an answer is about.
enum Targets {
    /// By name, and what to say of those that are not there.
    Named(Vec<ObjectRef>, Vec<Failure>),
    /// All that fit.
    All(Vec<ObjectRef>),
}

impl Question {
    /// Looks in these namespaces, and in those that the named objects name; the others are at home in the first, as
    /// for `kubectl apply`.
    fn live_in(&mut self, namespaces: &mut Vec<String>) {
        if let [home] = namespaces.as_slice() {
            let named = std::mem::take(&mut self.named);
            self.named = named
                .into_iter()
                .map(|target| target.at_home_in(home))
                .collect();
        }
        if !namespaces.is_empty() {
            let further = self.named.iter().filter_map(Target::namespace);
            for namespace in further.map(str::to_owned).collect::<Vec<_>>() {
                if !namespaces.contains(&namespace) {
                    namespaces.push(namespace);
                }
            }
        }
        self.namespaces.clone_from(namespaces);
    }

    fn targets(
        &mut self,
        settings: &PictureSettings,
        snapshot: &Snapshot,
    ) -> Result<Targets, Failure> {
        if !self.named.is_empty() {
            return self.by_name(snapshot);
        }
        let mut objects = match (&settings.selector, &settings.field_selector) {
            (None, None) => settling::everything(snapshot),
            (Some(labels), _) => fitting(labels, snapshot),
            (None, Some(fields)) => fitting(fields, snapshot),
        };
        objects.retain(|object| {
            object.namespace.as_ref().is_none_or(|namespace| {
                self.namespaces.is_empty() || self.namespaces.contains(namespace)
            })
        });
        Ok(Targets::All(objects))
    }

    fn by_name(&mut self, snapshot: &Snapshot) -> Result<Targets, Failure> {
        self.known.resize(self.named.len(), None);
        let (mut objects, mut missing) = (Vec::new(), Vec::new());
        for (target, known) in self.named.iter().zip(&mut self.known) {
            objects.push(match (target.resolve(snapshot)?, known.as_ref()) {
                (Resolved::Found(object), _) => {
                    *known = Some(object.clone());
                    object
                }
                // It was there before, so its name is no typo.
                (Resolved::Missing(..), Some(known)) => known.clone(),
                (Resolved::Missing(object, failure), None) => {
                    missing.push(failure);
                    object
                }
            });
        }
        Ok(Targets::Named(objects, missing))
    }
}

/// What fits a selector and is nobody else's: the Deployment, not its pods. Nothing fits as long as nothing does.
fn fitting(selector: &target::Selector, snapshot: &Snapshot) -> Vec<ObjectRef> {
    let mut objects = selector.objects(snapshot).unwrap_or_default();
    objects.retain(|object| settling::is_judged(object) && settling::is_own(object, snapshot));
    objects
}

/// Whether more room comes is known only to who sees what adds nodes. Says whether more has to be read for that.
fn look_for_autoscalers(request: &mut ReadRequest, snapshot: &Snapshot) -> bool {
    let waits = |pod: &Pod| pod.is_live() && !pod.is_scheduled();
    let is_seen =
        request.namespaces.is_empty() || request.namespaces.iter().any(|name| name == SYSTEM);
    let is_wanted = !is_seen && snapshot.table::<Pod>().iter().any(|pod| waits(pod));
    if is_wanted {
        request.namespaces.push(SYSTEM.to_owned());
    }
    is_wanted
}

/// `2 of 3 settled, waiting for Deployment shop/web: 1 of 2 pods are ready`
fn waiting_for(verdict: &Verdict) -> String {
    let settled = verdict
        .targets
        .iter()
        .filter(|target| target.outcome == settling::Outcome::Settled)
        .count();
    let next = verdict
        .targets
        .iter()
        .find(|target| target.outcome != settling::Outcome::Settled);
    let next = next.map_or_else(String::new, |target| {
        format!(", waiting for {}: {}", target.object, target.reason)
    });
    format!("{settled} of {} settled{next}", verdict.targets.len())
}
