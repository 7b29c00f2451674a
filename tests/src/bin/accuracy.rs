//! `accuracy`: judges every recorded story and prints the page `docs/src/accuracy.md`.

use std::io::Write as _;

use anyhow::Result;
use kubelens_tests::accuracy;

fn main() -> Result<()> {
    let page = accuracy::measured()?.page()?;
    std::io::stdout().write_all(page.as_bytes())?;
    Ok(())
}
