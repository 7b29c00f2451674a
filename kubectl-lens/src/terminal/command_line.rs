//! Shell commands that are longer than a line.

use unicode_width::UnicodeWidthStr;

/// Breaks a command into lines that a shell reads as one: only at blanks outside quotes, with a
/// backslash at each end but the last. A word that is longer than `width` stays whole, so that
/// what is copied is what was meant.
pub(crate) fn fold_command(command: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in words(command) {
        // Room for the blank and the backslash.
        if !line.is_empty() && line.width() + 1 + word.width() + 2 > width {
            lines.push(format!("{line} \\"));
            line.clear();
            line.push_str("  ");
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// Splits at blanks that no quote and no backslash protects.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut escaped = false;
    for character in command.chars() {
        if character == ' ' && quote.is_none() && !escaped {
            words.push(String::new());
            continue;
        }
        match character {
            _ if escaped => escaped = false,
            '\\' if quote != Some('\'') => escaped = true,
            '\'' | '"' if quote == Some(character) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(character),
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::fold_command;

    #[test]
    fn a_short_command_stays_one_line() {
        assert_eq!(fold_command("kubectl get pods", 40), ["kubectl get pods"]);
    }

    #[test]
    fn a_long_command_continues_with_a_backslash() {
        assert_eq!(
            fold_command("kubectl -n shop patch deployment web --type=json", 30),
            ["kubectl -n shop patch \\", "  deployment web --type=json"]
        );
    }

    #[test]
    fn quoted_text_is_never_torn() {
        assert_eq!(
            fold_command("kubectl patch x -p '[{\"op\": \"remove\"}]' --now", 20),
            [
                "kubectl patch x -p \\",
                "  '[{\"op\": \"remove\"}]' \\",
                "  --now"
            ]
        );
    }
}
