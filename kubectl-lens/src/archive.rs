//! `snapshot save`: a picture as an archive that `--from` reads.
//!
//! A gzipped tar with a List for each kind that was read in full, empty ones too, so that what is not
//! in it is known not to exist; a kind with a gap has its objects and no claim to be complete. Logs
//! stand at `<namespace>/<pod>/<container>.log`, the run before at `.previous.log`.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use anyhow::Context;
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use kubelens_core::{kubernetes::Kind, snapshot::Snapshot};
use serde_json::{Value, json};
use tar::{Builder, Header};

use crate::failure::Failure;

/// Writes the archive and says how many objects it holds. What cannot be written in full is not left
/// behind.
pub(crate) fn save(snapshot: &Snapshot, file: &Path) -> Result<usize, Failure> {
    let place = || format!("cannot write {}", file.display());
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = Path::new(&unfinished);
    let written = File::create(unfinished)
        .and_then(|out| write(snapshot, out))
        .and_then(|()| std::fs::rename(unfinished, file));
    if written.is_err() {
        // What is left is of no use, and the first error is the one to tell.
        let _ = std::fs::remove_file(unfinished);
    }
    written.with_context(place)?;
    Ok(snapshot.object_count())
}

fn write(snapshot: &Snapshot, out: impl Write) -> io::Result<()> {
    let mut archive = Builder::new(GzEncoder::new(out, Compression::default()));
    let time = snapshot.taken_at().unwrap_or_default();
    for kind in Kind::ALL.iter().copied() {
        let items = snapshot.tables().to_json(kind)?;
        let is_complete = snapshot.gaps().has_none(kind);
        if is_complete {
            let list = json!({"apiVersion": kind.api_version(), "kind": format!("{kind}List"), "items": items});
            add(
                &mut archive,
                &format!("{}.json", kind.plural()),
                &list,
                time,
            )?;
        } else if !items.is_empty() {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
            add(
                &mut archive,
                &format!("{}.partial.json", kind.plural()),
                &list,
                time,
            )?;
        }
    }
    for (kind, objects) in snapshot.custom() {
        let items: Vec<&_> = objects.iter().map(|object| &**object).collect();
        add(
            &mut archive,
            &format!("{}.custom.json", kind.to_lowercase()),
            &json!({"apiVersion": "v1", "kind": "List", "items": items}),
            time,
        )?;
    }
    for (key, log) in snapshot.logs() {
        let run = if key.previous {
            ".previous.log"
        } else {
            ".log"
        };
        let path = format!("{}/{}/{}{run}", key.namespace, key.pod, key.container);
        let mut text = log.lines.join("\n");
        text.push('\n');
        append(&mut archive, &path, text.as_bytes(), time)?;
    }
    archive.into_inner()?.finish()?.flush()
}

fn add(
    archive: &mut Builder<impl Write>,
    path: &str,
    document: &Value,
    time: Timestamp,
) -> io::Result<()> {
    append(archive, path, &serde_json::to_vec(document)?, time)
}

fn append(
    archive: &mut Builder<impl Write>,
    path: &str,
    content: &[u8],
    time: Timestamp,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(time.as_second()).unwrap_or(0));
    archive.append_data(&mut header, path, content)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read};

    use flate2::read::GzDecoder;

    use super::save;
    use crate::target::tests::picture;

    #[test]
    fn a_saved_picture_holds_a_list_of_every_kind_that_was_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("picture.tar.gz");
        let saved = save(&picture(), &file).map_err(|failure| failure.to_string());
        assert_eq!(saved, Ok(3));
        let mut archive = tar::Archive::new(GzDecoder::new(
            std::fs::File::open(&file).expect("the file"),
        ));
        let mut members = BTreeMap::new();
        for member in archive.entries().expect("members") {
            let mut member = member.expect("a member");
            let name = member.path().expect("a name").display().to_string();
            let mut text = String::new();
            member.read_to_string(&mut text).expect("text");
            members.insert(
                name,
                serde_json::from_str::<serde_json::Value>(&text).expect("JSON"),
            );
        }
        let deployments = members.get("deployments.json").expect("the Deployments");
        assert_eq!(deployments["kind"], "DeploymentList");
        assert_eq!(deployments["items"].as_array().map(Vec::len), Some(3));
        assert_eq!(
            members.get("pods.json").expect("the empty list")["items"],
            serde_json::json!([])
        );
        assert_eq!(
            std::fs::read_dir(dir.path()).expect("the folder").count(),
            1,
            "nothing unfinished is left"
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_told() {
        let failure = save(&picture(), std::path::Path::new("/nonexistent/x.tar.gz"))
            .map_err(|failure| failure.to_string());
        assert!(
            failure
                .expect_err("no such folder")
                .starts_with("error: cannot write /nonexistent/x.tar.gz\n  because: ")
        );
    }
}
