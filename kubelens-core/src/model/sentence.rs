/// The text with its first letter as a capital.
pub fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// The first names and how many more there are: `a, b, c and 4 more`.
pub fn some_of<T: AsRef<str>>(names: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names
        .by_ref()
        .take(most)
        .map(|name| name.as_ref().to_owned())
        .collect();
    match names.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// `1 pod`, `3 pods`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// Whether a text names something: the name stands in it as a word, not as a part of another name.
pub fn has_word(text: &str, name: &str) -> bool {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-' || letter == '.'))
        .any(|word| word == name || word.strip_suffix('.') == Some(name))
}

/// The text, cut after so many characters with a `…`.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// What stands between the links of a chain of errors.
const BETWEEN_LINKS: &str = ": ";

/// Fewer letters than this are no reason: `EOF`, a number.
const LEAST_END: usize = 16;

/// Where the brackets begin with which a text ends, if they hold a list of what would have been right.
fn aside(text: &str) -> Option<usize> {
    const LISTS: [&str; 5] = [
        "(valid",
        "(possible",
        "(allowed",
        "(expected one of",
        "(supported",
    ];
    let start = text.rfind('(').filter(|_| text.ends_with(')'))?;
    let inner = text.get(start..)?;
    LISTS
        .iter()
        .any(|list| inner.starts_with(list))
        .then_some(start)
}

/// A message of about so many letters at most: of a chain of errors, each of which says what failed and then why, the first
/// links and the end, where the reason is; of other text the beginning.
pub fn gist(text: &str, most: usize) -> String {
    // Where one may read on is no reason.
    let text = match text.rsplit_once(BETWEEN_LINKS) {
        Some((before, end)) if end.starts_with("see http") => before,
        _ => text,
    };
    let letters = |text: &str| text.chars().count();
    // Nor is what else would have been right, which some add at the end.
    let text = match aside(text) {
        Some(start) if letters(text) > most => text.get(..start).unwrap_or(text).trim_end(),
        _ => text,
    };
    let cut = shortened(text, most);
    if cut == text {
        return cut;
    }
    let heads = text
        .match_indices(BETWEEN_LINKS)
        .filter_map(|(at, _)| text.get(..at));
    let head = match heads.take_while(|head| letters(head) <= most / 2).last() {
        Some(head) => head,
        // A first link that is long in itself; the reason still stands at the end.
        None if text.contains(BETWEEN_LINKS) => {
            let beginning = shortened(text, most / 3);
            return match text.rsplit_once(BETWEEN_LINKS) {
                Some((_, end)) if letters(end) >= LEAST_END => {
                    let room = most.saturating_sub(letters(&beginning) + 1);
                    format!("{beginning} {}", shortened(end, room))
                }
                _ => cut,
            };
        }
        None => return cut,
    };
    let room = most.saturating_sub(letters(head) + letters(": … "));
    let mut ends = text
        .match_indices(BETWEEN_LINKS)
        .filter(|(at, _)| *at > head.len())
        .filter_map(|(at, between)| text.get(at + between.len()..));
    let mut last = "";
    let fitting = ends.find(|end| {
        last = end;
        letters(end) <= room
    });
    match fitting.unwrap_or(last) {
        end if letters(end) >= LEAST_END => format!("{head}: … {}", shortened(end, room)),
        _ => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_and_counted() {
        assert_eq!(some_of(["a", "b", "c"], 3), "a, b, c");
        assert_eq!(some_of(["a", "b", "c", "d", "e"], 3), "a, b, c and 2 more");
        assert_eq!(shortened("grün", 3), "grü…");
        assert_eq!(shortened("grün", 4), "grün");
        assert_eq!(
            gist("Failed: failed to clone x: ssh: unable to log in", 40),
            "Failed: … ssh: unable to log in"
        );
        assert_eq!(
            gist("Failed: cannot start: not allowed to read the resource", 30),
            "Failed: … not allowed to read …"
        );
        assert_eq!(
            gist(
                "A first link that is long in itself: there are too few pages",
                50
            ),
            "A first link tha… there are too few pages"
        );
        assert_eq!(gist("Failed: short", 40), "Failed: short");
        assert_eq!(
            gist("Failed: too many orders: see https://example.com/docs", 40),
            "Failed: too many orders"
        );
        assert_eq!(
            gist("Failed: it has no room: EOF", 20),
            "Failed: it has no ro…"
        );
        assert_eq!(
            gist(
                "Failed: no such kind: unknown type: \"x\" (valid values: [a b c])",
                40
            ),
            "Failed: no such kind: unknown type: \"x\""
        );
        assert_eq!(counted(1, "pod"), "1 pod");
        assert_eq!(capitalized("init container"), "Init container");
    }
}
