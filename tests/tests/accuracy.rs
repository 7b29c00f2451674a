//! The accuracy page is current, and what it says is good enough.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use kubelens_tests::accuracy;

#[test]
fn the_page_is_current_and_every_bar_is_met() {
    let measured = accuracy::measured().expect("the stories");
    let total = measured.total();
    let marks = total.marks;
    assert!(total.stories >= 120, "{} stories", total.stories);
    assert!(
        marks.first * 100 >= marks.roots * 97,
        "AC@1 {} of {}",
        marks.first,
        marks.roots
    );
    assert_eq!(marks.among_three, marks.roots, "AC@3");
    assert_eq!(marks.false_criticals, 0, "critical in healthy clusters");

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/accuracy.md");
    let page = measured.page().expect("a page");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &page).expect("docs/src/accuracy.md");
    }
    let written = std::fs::read_to_string(&file).expect("docs/src/accuracy.md");
    assert_eq!(
        written, page,
        "docs/src/accuracy.md is stale: BLESS=1 cargo test -p kubelens-tests --test accuracy"
    );
}
