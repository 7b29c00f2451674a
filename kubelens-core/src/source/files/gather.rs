//! What is gathered from all files of a recording.

use super::list_scopes::ListScopes;
use super::logs::LogFile;
use super::trouble::Trouble;
use crate::kubernetes::{GroupKind, Kind, Pod};
use crate::model::ClusterInfo;
use crate::snapshot::{Logs, Snapshot, SnapshotBuilder};
use crate::source::archive::{ArchiveInfo, ArchivedWhole};
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
    /// Kinds without a type of their own of which a whole list was read.
    custom_lists: Vec<GroupKind>,
    logs: Logs,
    log_bytes: usize,
    archive: Option<ArchiveInfo>,
    archived_whole: ArchivedWhole,
    /// Whether the source is a directory or an archive, in which other files may lie around.
    pub(super) is_tree: bool,
    trouble: Trouble,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(request: &'a ReadRequest, progress: &'a dyn Progress) -> Self {
        Self {
            request,
            progress,
            intake: Intake::new(request),
            lists: ListScopes::default(),
            custom_lists: Vec::new(),
            logs: Logs::new(),
            log_bytes: 0,
            archive: None,
            archived_whole: ArchivedWhole::default(),
            is_tree: false,
            trouble: Trouble::default(),
        }
    }

    /// Takes one object.
    pub(super) fn take(&mut self, place: &str, meta: TypeMeta<'_>, item: Item<'_>) -> Taken {
        let taken = self.intake.take(place, meta, item);
        if let Taken::Broken(detail) = &taken {
            self.trouble.note(detail);
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
            None => self.archived_whole.take(self.request, item),
        }
    }

    /// A list was read to its end.
    pub(super) fn listed(&mut self, kind: Kind, place: &str) {
        self.lists.note(kind, place);
    }

    /// A list of a kind without a type of its own was read to its end.
    pub(super) fn listed_custom(&mut self, kind: GroupKind) {
        if self.request.whole.contains(&kind) {
            self.custom_lists.push(kind);
        }
    }

    /// Something of a kind, or of any kind, is missing.
    pub(super) fn missing(&mut self, kind: Option<Kind>, detail: String) {
        self.trouble.note(&detail);
        self.intake.missing(kind, None, detail);
    }

    /// A file of ours holds documents that are whole and no objects of Kubernetes.
    pub(super) fn strays(&mut self, place: &str, line: u64, count: usize) {
        // Other files lie around in a directory, and say nothing about the cluster.
        if !self.is_tree {
            let more = match count {
                0 | 1 => String::new(),
                more => format!(", nor are {} others", more - 1),
            };
            self.trouble.note(&format!(
                "{place}:{line}: this is no Kubernetes object{more}: left out"
            ));
        }
    }

    /// A document cannot be parsed. Of a file of which nothing is known it may be no manifest at all.
    pub(super) fn broken_document(&mut self, kind: Option<Kind>, detail: String) {
        if kind.is_some() || !self.is_tree {
            self.missing(kind, detail);
        } else {
            self.trouble.note(&detail);
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
        let detail = one_line(place, &error);
        self.trouble.failed(detail, error);
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
            progress,
            intake,
            lists,
            custom_lists,
            mut logs,
            archive,
            archived_whole,
            trouble,
            ..
        } = self;
        if intake.objects() == 0 && lists.is_empty() && archive.is_none() {
            let place = name.to_owned();
            let nothing = if intake.left_out().is_empty() {
                SourceError::NoObjects { place }
            } else {
                SourceError::NotInNamespaces {
                    place,
                    wanted: request.namespaces.clone(),
                    held: intake.left_out().iter().cloned().collect(),
                }
            };
            return Err(trouble.tell_all_but_the_answer(progress).unwrap_or(nothing));
        }
        trouble.tell(progress);
        let info = ClusterInfo {
            name: name.to_owned(),
            version: None,
            source: "files".to_owned(),
        };
        let mut builder = SnapshotBuilder::new(info, request.scope());
        intake.pour_into(&mut builder);
        for kind in custom_lists {
            builder.whole_mut().listed(kind);
        }
        let mut taken_at = request.now;
        match archive {
            Some(archive) => {
                taken_at = taken_at.or(archive.taken_at);
                archive.pour_into(archived_whole, request, &mut builder);
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
