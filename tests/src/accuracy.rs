//! How often a diagnosis is right: every recorded story judged, as a page of the book.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_core::{Options, diagnose};
use serde_json::Value;

use crate::judge::{Expectation, Marks, marks};

/// The marks of many stories together.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many stories.
    pub stories: usize,
    /// How many of them without any complaint.
    pub clean: usize,
    /// Their marks, added up.
    pub marks: Marks,
}

/// Tallies by family.
#[derive(Debug, Default)]
pub struct Accuracy {
    families: BTreeMap<String, Tally>,
}

/// The folders of all recorded stories, sorted.
pub fn stories() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let mut all: Vec<PathBuf> = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    all.retain(|path| path.join("expect.json").exists());
    all.sort();
    anyhow::ensure!(!all.is_empty(), "no story in {}", folder.display());
    Ok(all)
}

/// What must be said of a story.
pub fn expectation(story: &Path) -> Result<Expectation> {
    let text = fs::read_to_string(story.join("expect.json"))?;
    serde_json::from_str(&text).with_context(|| story.display().to_string())
}

/// The report about the cluster in a folder.
pub fn report(folder: &Path) -> Result<Value> {
    let picture = FileSource::new(folder).read(&ReadRequest::default(), &Silent)?;
    Ok(serde_json::to_value(diagnose(
        &picture,
        &Options::default(),
    ))?)
}

/// Judges all recorded stories.
pub fn measured() -> Result<Accuracy> {
    let mut accuracy = Accuracy::default();
    for story in stories()? {
        let expected = expectation(&story)?;
        accuracy.add(&expected.family, marks(&report(&story)?, &expected)?);
    }
    Ok(accuracy)
}

impl Accuracy {
    /// Adds the marks of one story.
    pub fn add(&mut self, family: &str, marks: Marks) {
        self.families
            .entry(family.to_owned())
            .or_default()
            .add(marks);
    }

    /// Everything together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.families.values() {
            total.stories += tally.stories;
            total.clean += tally.clean;
            total.marks = sum(total.marks, tally.marks);
        }
        total
    }

    /// The page of the book.
    pub fn page(&self) -> Result<String> {
        let total = self.total();
        let mut page = String::from(HEAD);
        writeln!(
            page,
            "{} stories with {} causes to find: **AC@1 {}**, **AC@3 {}**, {} false criticals in {} healthy clusters.\n",
            total.stories,
            total.marks.roots,
            share(total.marks.first, total.marks.roots),
            share(total.marks.among_three, total.marks.roots),
            total.marks.false_criticals,
            self.families
                .get("healthy")
                .map_or(0, |tally| tally.stories),
        )?;
        page.push_str("| family | stories | without complaint | causes to find | AC@1 | AC@3 | false criticals | too many causes | forbidden claims |\n");
        page.push_str("|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        for (family, tally) in &self.families {
            row(&mut page, family, tally)?;
        }
        row(&mut page, "**all**", &total)?;
        Ok(page)
    }
}

impl Tally {
    fn add(&mut self, marks: Marks) {
        let is_clean = marks.first == marks.roots
            && marks.forbidden + marks.noise + marks.false_criticals == 0;
        self.stories += 1;
        self.clean += usize::from(is_clean);
        self.marks = sum(self.marks, marks);
    }
}

fn sum(a: Marks, b: Marks) -> Marks {
    Marks {
        roots: a.roots + b.roots,
        first: a.first + b.first,
        among_three: a.among_three + b.among_three,
        forbidden: a.forbidden + b.forbidden,
        noise: a.noise + b.noise,
        false_criticals: a.false_criticals + b.false_criticals,
    }
}

fn row(page: &mut String, name: &str, tally: &Tally) -> Result<()> {
    let marks = &tally.marks;
    writeln!(
        page,
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
        tally.stories,
        tally.clean,
        marks.roots,
        share(marks.first, marks.roots),
        share(marks.among_three, marks.roots),
        marks.false_criticals,
        marks.noise,
        marks.forbidden,
    )?;
    Ok(())
}

/// A share of the whole with three digits; a dash where there is no whole.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let thousandths = part * 1000 / whole;
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

const HEAD: &str = "# Accuracy

How often KubeLens names the cause that an experienced person would name, measured on the recorded clusters in
`tests/stories`. Some were recorded from a real control plane; others are written by `tests/scripts`, with the wording of
the components. Each says which causes must be named, at which rank, how many causes there may be, and what must not be
claimed.

```text
cargo run -p kubelens-tests --bin accuracy
```

- **AC@1**: the share of causes found at a rank that the story allows: the first, unless faults are independent of each other.
- **AC@3**: the share found at rank 3 or better, or at a rank that the story allows.
- **false criticals**: critical causes in clusters in which nothing is wrong.

These stories are known to the people who write the rules. What they say about a cluster that nobody here has seen is that
the same kinds of faults are told apart; `tests/tests/variations.rs` checks that names, order, times and healthy neighbours
change nothing.

";
