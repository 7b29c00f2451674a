//! The archives of a release: one a platform, `kubectl-lens_VERSION_OS_ARCH.tar.gz`.

use std::{
    fmt::Write as _,
    fs::File,
    io::{Read, Write},
    path::Path,
};

use anyhow::{Context, Result};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest, Sha256};

/// The platforms that a release is built for.
pub(crate) const PLATFORMS: [&str; 5] = [
    "linux_amd64",
    "linux_arm64",
    "darwin_amd64",
    "darwin_arm64",
    "windows_amd64",
];

/// The archive's file name.
pub(crate) fn file_name(version: &str, platform: &str) -> String {
    format!("kubectl-lens_{version}_{platform}.tar.gz")
}

/// The file's SHA-256 in lower-case hexadecimal digits, as krew wants it.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let step = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(step)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer).with_context(step)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        hasher.update(bytes);
    }
    let mut digits = String::new();
    for byte in hasher.finalize() {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

/// The names of the archive's members.
pub(crate) fn members(path: &Path) -> Result<Vec<String>> {
    let step = || format!("cannot read {}", path.display());
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).with_context(step)?));
    let mut names = Vec::new();
    for member in archive.entries().with_context(step)? {
        let member = member.with_context(step)?;
        names.push(
            member
                .path()
                .with_context(step)?
                .to_string_lossy()
                .trim_start_matches("./")
                .to_owned(),
        );
    }
    Ok(names)
}

/// Archives as a release has them, with a program that is none: to check the template with.
pub(crate) fn make_samples(version: &str, dir: &Path) -> Result<()> {
    for platform in PLATFORMS {
        let program = if platform.starts_with("windows") {
            "kubectl-lens.exe"
        } else {
            "kubectl-lens"
        };
        let path = dir.join(file_name(version, platform));
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        for (name, content) in [
            (program, platform),
            ("LICENSE", include_str!("../../LICENSE")),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o755);
            archive.append_data(&mut header, name, content.as_bytes())?;
        }
        archive.into_inner()?.finish()?.flush()?;
    }
    Ok(())
}
