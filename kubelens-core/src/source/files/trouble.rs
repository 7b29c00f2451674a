//! What goes wrong while a recording is read.

use crate::model::safe_text;
use crate::source::{Progress, SourceError};

/// How much of it is told line by line.
const MOST_TOLD: usize = 20;

/// All that went wrong so far. It is told at the end: where nothing could be read, the first of it is the
/// answer, and is not told twice.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    told: Vec<String>,
    untold: usize,
    first: Option<SourceError>,
}

impl Trouble {
    /// Notes a line: `file:line: words`.
    pub(super) fn note(&mut self, line: &str) {
        let (place, detail) = line.split_once(": ").unwrap_or(("the input", line));
        let error = SourceError::Malformed {
            place: safe_text(place),
            detail: safe_text(detail),
        };
        self.failed(line.to_owned(), error);
    }

    /// Notes a file that could not be read at all, as a line and as the error that it is.
    pub(super) fn failed(&mut self, line: String, error: SourceError) {
        self.first.get_or_insert(error);
        if self.told.len() < MOST_TOLD {
            self.told.push(line);
        } else {
            self.untold += 1;
        }
    }

    /// Tells it: the rest could be used.
    pub(super) fn tell(self, progress: &dyn Progress) {
        self.told.iter().for_each(|line| progress.warning(line));
        match self.untold {
            0 => {}
            1 => progress.warning("one more thing could not be used"),
            more => progress.warning(&format!("{more} more things could not be used")),
        }
    }

    /// Tells all but the first, which is returned: nothing could be used.
    pub(super) fn tell_all_but_the_answer(
        mut self,
        progress: &dyn Progress,
    ) -> Option<SourceError> {
        let answer = self.first.take()?;
        self.told.drain(..1);
        self.tell(progress);
        Some(answer)
    }
}
