//! What moves on standard error while work goes on.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Lines that may move at once; what is read beyond them is in the line on top.
const MOST_LINES: usize = 8;

/// A line for each kind that is being read, and one on top for the whole. Nothing of it stays when
/// it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    lines: Option<Lines>,
}

#[derive(Debug)]
struct Lines {
    all: MultiProgress,
    top: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kinds: BTreeMap<String, Option<ProgressBar>>,
    kinds_read: usize,
    objects: u64,
}

impl Progress {
    /// Progress that shows, or that stays silent.
    pub(crate) fn new(shows: bool) -> Self {
        let lines = shows.then(|| {
            let all = MultiProgress::new();
            let top = all.add(line("{spinner} {msg}"));
            Lines {
                all,
                top,
                state: Mutex::default(),
            }
        });
        Self { lines }
    }

    /// What is done as a whole: `reading the cluster`, `analyzing`.
    pub(crate) fn step(&self, what: &str) {
        if let Some(lines) = &self.lines {
            lines.top.set_message(what.to_owned());
        }
    }

    /// So many more objects of a kind were read.
    pub(crate) fn read(&self, kind: &str, objects: u64) {
        self.change(|lines, state| {
            state.objects += objects;
            if !state.kinds.contains_key(kind) {
                let moving = state.kinds.values().flatten().count();
                let bar = (moving < MOST_LINES).then(|| {
                    let bar = lines.all.add(line("  {prefix:28} {pos:>7}"));
                    bar.set_prefix(kind.to_owned());
                    bar
                });
                state.kinds.insert(kind.to_owned(), bar);
            }
            if let Some(Some(bar)) = state.kinds.get(kind) {
                bar.inc(objects);
            }
        });
    }

    /// A kind was read to its end.
    pub(crate) fn finished(&self, kind: &str) {
        self.change(|_, state| {
            state.kinds_read += 1;
            if let Some(Some(bar)) = state.kinds.get_mut(kind).map(Option::take) {
                bar.finish_and_clear();
            }
        });
    }

    fn change(&self, change: impl FnOnce(&Lines, &mut State)) {
        let Some(lines) = &self.lines else { return };
        // A thread that died with the lock leaves only a count behind.
        let mut state = lines
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        change(lines, &mut state);
        lines.top.set_message(format!(
            "reading: {} kinds, {} objects",
            state.kinds_read, state.objects
        ));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(lines) = &self.lines {
            lines.top.finish_and_clear();
            // A terminal that is gone needs no cleaning.
            let _ = lines.all.clear();
        }
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
