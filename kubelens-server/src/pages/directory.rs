//! A user interface in a directory.

use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

use super::{Page, kind_of};

/// Longest file that is shown, in bytes.
const LONGEST: u64 = 32 << 20;

const FIRST: &str = "index.html";

/// The file of a path, else the first page of the directory; none where there is no interface.
pub(super) async fn find(directory: PathBuf, path: &str) -> Option<Page> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let directory = directory.canonicalize().ok()?;
        let first = directory.join(FIRST);
        if !first.is_file() {
            return None;
        }
        below(&directory, &path)
            .and_then(|file| read(&file))
            .or_else(|| read(&first))
    })
    .await
    .ok()?
}

/// The file that a path of a request names, if it lies in the directory; hidden ones do not count.
fn below(directory: &Path, path: &str) -> Option<PathBuf> {
    let decoded = decoded(path)?;
    let relative = Path::new(decoded.trim_start_matches('/'));
    let is_plain = relative.components().all(|part| match part {
        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
        _ => false,
    });
    if !is_plain {
        return None;
    }
    let file = directory.join(relative).canonicalize().ok()?;
    // A link may lead out of it.
    (file.starts_with(directory) && file.is_file()).then_some(file)
}

fn read(file: &Path) -> Option<Page> {
    if file.metadata().ok()?.len() > LONGEST {
        return None;
    }
    Some(Page {
        kind: kind_of(&file.to_string_lossy()),
        bytes: Bytes::from(std::fs::read(file).ok()?),
    })
}

/// `%20` and the like, read; none where that is no text.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains(['\0', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_of_the_directory_are_shown_and_no_others() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("dist");
        std::fs::create_dir_all(inner.join("assets")).unwrap();
        std::fs::write(outer.path().join("secret.txt"), "secret").unwrap();
        std::fs::write(inner.join(".hidden"), "secret").unwrap();
        std::fs::write(inner.join("index.html"), "first").unwrap();
        std::fs::write(inner.join("assets/a b.js"), "script").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outer.path().join("secret.txt"), inner.join("link.txt"))
            .unwrap();
        let script = find(inner.clone(), "/assets/a%20b.js").await.unwrap();
        assert_eq!(
            (&*script.bytes, script.kind),
            (b"script".as_slice(), "text/javascript; charset=utf-8")
        );
        for path in [
            "/",
            "/pods/x",
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/.hidden",
            "/link.txt",
            "/%",
            "/%00",
            "//etc/passwd",
        ] {
            let page = find(inner.clone(), path).await.unwrap();
            assert_eq!(&*page.bytes, b"first", "{path}");
        }
        assert!(find(outer.path().to_owned(), "/").await.is_none());
        assert!(find(outer.path().join("none"), "/").await.is_none());
    }
}
