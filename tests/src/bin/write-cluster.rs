//! `write-cluster PODS FOLDER [NODES]`: writes the lists of a made-up cluster into a folder that `--from` reads.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use kubelens_tests::scale::written::{Extent, write};

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let pods = words.next().context("how many pods?")?.parse()?;
    let folder: PathBuf = words.next().context("into which folder?")?.into();
    let mut extent = Extent::of_pods(pods);
    if let Some(nodes) = words.next() {
        extent.nodes = nodes.parse()?;
    }
    std::fs::create_dir_all(&folder)?;
    write(extent, &folder)?;
    Ok(())
}
