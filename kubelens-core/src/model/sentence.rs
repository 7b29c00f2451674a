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

/// The text, cut after so many characters with a `…`.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
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
        assert_eq!(counted(1, "pod"), "1 pod");
        assert_eq!(capitalized("init container"), "Init container");
    }
}
