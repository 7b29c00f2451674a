//! An analyzer's documentation on a terminal.

use crate::{
    catalog::Entry,
    terminal::{Page, Span, Theme},
};

/// The documentation, its Markdown made readable: headings stand out, code stays as it is, all else
/// is wrapped.
pub(crate) fn print(entry: &Entry, width: usize) -> String {
    let mut page = Page::new(width.min(100));
    page.hanging(
        &[Span::new(format!("{}  ", entry.code), Theme::QUIET)],
        &[
            Span::new(&entry.name, Theme::TITLE),
            Span::plain("  "),
            Span::new(entry.severity.as_str(), Theme::severity(entry.severity)),
        ],
    );
    page.blank();
    let mut in_code = false;
    let mut paragraph = String::new();
    for line in entry.docs.trim().lines() {
        let fence = line.trim_start().starts_with("```");
        if in_code || fence || line.trim().is_empty() || line.starts_with(['#', '-', '*', '|']) {
            flush(&mut paragraph, &mut page);
        }
        match line {
            _ if fence => in_code = !in_code,
            code if in_code => page.line(&[Span::plain("    "), Span::new(code, Theme::COMMAND)]),
            "" => page.blank(),
            heading if heading.starts_with('#') => {
                page.hanging(
                    &[],
                    &[Span::new(
                        heading.trim_start_matches(['#', ' ']),
                        Theme::TITLE,
                    )],
                );
            }
            text => {
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph.push_str(text.trim());
            }
        }
    }
    flush(&mut paragraph, &mut page);
    page.into_text()
}

fn flush(paragraph: &mut String, page: &mut Page) {
    let text = std::mem::take(paragraph);
    let (head, text) = match text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
        Some(item) => ("  - ", item),
        None => ("  ", text.as_str()),
    };
    if !text.is_empty() {
        page.hanging(&[Span::plain(head)], &[Span::plain(text)]);
    }
}

#[cfg(test)]
mod tests {
    use super::print;
    use crate::catalog::tests::three_entries;

    #[test]
    fn documentation_is_wrapped_and_code_is_not() {
        let mut entry = three_entries().swap_remove(0);
        entry.docs = "## What it means\n\nA pod names a\nConfigMap that is not there.\n\n- one\n- two\n\n```yaml\nkind:   Pod\n```\n".into();
        let text = anstream::adapter::strip_str(&print(&entry, 30)).to_string();
        assert_eq!(
            text,
            "CFG001  config-map-missing\n        critical\n\nWhat it means\n\n  A pod names a ConfigMap that\n  is not there.\n\n  - one\n  - two\n\n    kind:   Pod\n"
        );
    }
}
