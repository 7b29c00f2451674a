//! What is gathered from all files of a recording.

use super::list_scopes::ListScopes;
use super::logs::LogFile;
use crate::kubernetes::{Kind, Pod};
use crate::model::ClusterInfo;
use crate::model::safe_text;
use crate::snapshot::{Logs, Snapshot, SnapshotBuilder};
use crate::source::archive::ArchiveInfo;
use crate::source::intake::{Intake, Taken, TypeMeta};
use crate::source::items::Item;
use crate::source::{Progress, ReadRequest, SourceError};

/// How much log text is kept at most.
const MOST_LOG_BYTES: usize = 64 * 1024 * 1024;

/// The recording so far.
pub(super) struct Gathering<'a> {
    request: &'a ReadRequest,
    progress: &'a dyn Progress,
    intake: Intake,
    lists: ListScopes,
    logs: Logs,
    log_bytes: usize,
    archive: Option<ArchiveInfo>,
    /// Whether the source is a directory or an archive, in which other files may lie around.
    pub(super) is_tree: bool,
    first_error: Option<SourceError>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(request: &'a ReadRequest, progress: &'a dyn Progress) -> Self {
        Self {
            request,
            progress,
            intake: Intake::new(request),
            lists: ListScopes::default(),
            logs: Logs::new(),
            log_bytes: 0,
            archive: None,
            is_tree: false,
            first_error: None,
        }
    }

    /// Takes one object.
    pub(super) fn take(&mut self, place: &str, meta: TypeMeta<'_>, item: Item<'_>) -> Taken {
        let taken = self.intake.take(place, meta, item);
        if let Taken::Broken(detail) = &taken {
            self.progress.warning(detail);
            self.note_error(detail);
        }
        if self.intake.objects().is_multiple_of(1000) {
            self.progress.counted("objects", self.intake.objects());
        }
        taken
    }

    /// Takes a document of KubeLens' own; returns whether it belongs to a recording.
    pub(super) fn own_document(&mut self, item: Item<'_>) -> bool {
        match ArchiveInfo::read(item) {
            Some(info) => {
                self.archive = Some(info);
                true
            }
            None => false,
        }
    }

    /// A list was read to its end.
    pub(super) fn listed(&mut self, kind: Kind, place: &str) {
        self.lists.note(kind, place);
    }

    /// Something of a kind, or of any kind, is missing.
    pub(super) fn missing(&mut self, kind: Option<Kind>, detail: String) {
        self.progress.warning(&detail);
        self.note_error(&detail);
        self.intake.missing(kind, None, detail);
    }

    /// Keeps the first trouble, `file:line: words`: it is the answer where nothing could be read at all.
    fn note_error(&mut self, detail: &str) {
        let (place, detail) = detail.split_once(": ").unwrap_or(("the input", detail));
        self.first_error
            .get_or_insert_with(|| SourceError::Malformed {
                place: safe_text(place),
                detail: safe_text(detail),
            });
    }

    /// A document cannot be parsed. Of a file of which nothing is known it may be no manifest at all.
    pub(super) fn broken_document(&mut self, kind: Option<Kind>, detail: String) {
        if kind.is_some() || !self.is_tree {
            self.missing(kind, detail);
        } else {
            self.progress.warning(&detail);
            self.note_error(&detail);
        }
    }

    /// A file ended too early: what came after may have been anything.
    pub(super) fn cut_off(
        &mut self,
        place: &str,
        kind: Option<Kind>,
        is_ours: bool,
        error: &SourceError,
    ) {
        if is_ours || kind.is_some() {
            self.missing(
                kind,
                format!("{}, what follows is lost", one_line(place, error)),
            );
        }
    }

    /// A file could not be read at all.
    pub(super) fn unreadable(&mut self, place: &str, error: SourceError) {
        self.progress.warning(&one_line(place, &error));
        self.first_error.get_or_insert(error);
    }

    /// A file was read to its end.
    pub(super) fn file_done(&self, place: &str) {
        self.progress.finished(place, self.intake.objects());
    }

    /// Keeps the last lines of a log.
    pub(super) fn log(&mut self, file: &LogFile, bytes: &[u8]) {
        for (key, log) in file.read(bytes) {
            let size: usize = log.lines.iter().map(|line| line.len() + 24).sum();
            if self.log_bytes + size <= MOST_LOG_BYTES && !log.lines.is_empty() {
                self.log_bytes += size;
                self.logs.insert(key, log);
            }
        }
    }

    /// Ends the gathering.
    pub(super) fn into_snapshot(self, name: &str) -> Result<Snapshot, SourceError> {
        let Self {
            request,
            intake,
            lists,
            mut logs,
            archive,
            first_error,
            ..
        } = self;
        if intake.objects() == 0 && lists.is_empty() && archive.is_none() {
            return Err(first_error.unwrap_or_else(|| SourceError::NoObjects {
                place: name.to_owned(),
            }));
        }
        let info = ClusterInfo {
            name: name.to_owned(),
            version: None,
            source: "files".to_owned(),
        };
        let mut builder = SnapshotBuilder::new(info, request.scope());
        intake.pour_into(&mut builder);
        let mut taken_at = request.now;
        match archive {
            Some(archive) => {
                taken_at = taken_at.or(archive.taken_at);
                archive.pour_into(&mut builder);
            }
            None => lists.tell(&mut builder),
        }
        let snapshot = builder.build_recorded(taken_at);
        let pods = snapshot.table::<Pod>();
        logs.retain(|key, _| pods.get(&key.namespace, &key.pod).is_some());
        Ok(snapshot.with_logs(logs))
    }
}

/// The message of an error with its cause, beginning with the place.
fn one_line(place: &str, error: &SourceError) -> String {
    let text = error.to_string();
    if text.contains(place) {
        text
    } else {
        format!("{place}: {text}")
    }
}
