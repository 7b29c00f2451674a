//! What moves on standard error while work goes on.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kubelens_core::source;

use super::{Streams, printable};

/// Lines that may move at once; what is read beyond them counts in the line on top.
const MOST_LINES: usize = 8;

/// A line for each kind that is being read, and one on top for the whole. Clones are the same
/// progress.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    streams: Streams,
    lines: Option<Arc<Lines>>,
}

#[derive(Debug)]
struct Lines {
    all: MultiProgress,
    top: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What is being read, with its line, if it got one, and how much of it there is.
    reading: BTreeMap<String, (Option<ProgressBar>, usize)>,
    kinds_read: usize,
    objects_read: usize,
}

impl Progress {
    /// Progress that shows, or that only passes warnings on.
    pub(crate) fn new(shows: bool, streams: Streams) -> Self {
        let lines = shows.then(|| {
            let all = MultiProgress::new();
            let top = all.add(line("{spinner} {msg}"));
            Arc::new(Lines {
                all,
                top,
                state: Mutex::default(),
            })
        });
        Self { streams, lines }
    }

    /// What is done now, as a whole: `analyzing`.
    pub(crate) fn step(&self, what: &str) {
        if let Some(lines) = &self.lines {
            lines.top.set_message(what.to_owned());
        }
    }

    /// Takes everything off the terminal, for good.
    pub(crate) fn stop(&self) {
        if let Some(lines) = &self.lines {
            // A terminal that is gone needs no cleaning.
            let _ = lines.all.clear();
            lines.all.set_draw_target(ProgressDrawTarget::hidden());
        }
    }
}

impl source::Progress for Progress {
    fn counted(&self, what: &str, objects: usize) {
        let Some(lines) = &self.lines else { return };
        let mut state = lines.state();
        if !state.reading.contains_key(what) {
            let moving = state
                .reading
                .values()
                .filter(|(line, _)| line.is_some())
                .count();
            let bar = (moving < MOST_LINES).then(|| {
                let bar = lines.all.add(line("  {prefix:32} {pos:>8}"));
                bar.set_prefix(printable(what).into_owned());
                bar
            });
            state.reading.insert(what.to_owned(), (bar, 0));
        }
        if let Some((bar, count)) = state.reading.get_mut(what) {
            *count = objects;
            if let Some(bar) = bar {
                bar.set_position(objects as u64);
            }
        }
        lines.tell(&state);
    }

    fn finished(&self, what: &str, objects: usize) {
        let Some(lines) = &self.lines else { return };
        let mut state = lines.state();
        state.kinds_read += 1;
        state.objects_read += objects;
        if let Some((Some(bar), _)) = state.reading.remove(what) {
            bar.finish_and_clear();
        }
        lines.tell(&state);
    }

    fn warning(&self, text: &str) {
        let tell = || {
            self.streams
                .message(&format!("warning: {}\n", printable(text)));
        };
        match &self.lines {
            Some(lines) => lines.all.suspend(tell),
            None => tell(),
        }
    }
}

impl Lines {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that died with the lock leaves only counts behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, state: &State) {
        let objects = state.objects_read
            + state
                .reading
                .values()
                .map(|(_, count)| count)
                .sum::<usize>();
        self.top.set_message(format!(
            "reading: {} done, {objects} objects",
            state.kinds_read
        ));
    }
}

fn line(template: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
