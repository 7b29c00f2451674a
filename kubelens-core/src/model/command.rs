//! What may be offered to be copied into a shell.

/// Programs that a command may hand its output to, or that may follow it: all of them only read.
const FOLLOWERS: [&str; 3] = ["kubectl get ", "grep ", "xargs -n1 kubectl get "];

/// Whether a shell does with the command what it says and nothing else.
///
/// Names in it come from a cluster or from a file that somebody sent: `web; rm -rf ~` is no name that an API
/// server would accept, but a recording may hold it.
pub(super) fn is_safe_to_copy(command: &str) -> bool {
    let mut quote = None;
    let mut rest = command;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match (character, quote) {
            (character, _) if character.is_control() => return false,
            ('\'', Some('\'')) | ('"', Some('"')) => quote = None,
            (_, Some('\'')) => {}
            ('$' | '`' | '\\', _) => return false,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(character),
            ('&' | '<' | '>' | '(' | ')' | '!' | '#' | '~', None) => return false,
            (';' | '|', None) => {
                let next = rest.trim_start();
                if !FOLLOWERS.iter().any(|program| next.starts_with(program)) {
                    return false;
                }
            }
            _ => {}
        }
    }
    quote.is_none()
}

#[cfg(test)]
mod tests {
    use super::is_safe_to_copy;

    #[test]
    fn commands_as_they_are_offered_are_safe() {
        for command in [
            "kubectl -n shop logs web-1 -c app --previous --tail=60",
            "kubectl -n shop patch deployment web --type=json -p '[{\"op\": \"remove\", \"path\": \"/x\"}]'",
            "kubectl get pods -l \"app in (a, b)\"",
            "kubectl -n kube-system get pods,leases | grep -i scheduler",
            "kubectl -n shop get resourceclaims; kubectl get deviceclasses",
        ] {
            assert!(is_safe_to_copy(command), "{command}");
        }
    }

    #[test]
    fn names_that_carry_commands_are_not() {
        for name in [
            "web; rm -rf ~",
            "web | sh",
            "$(reboot)",
            "`reboot`",
            "web && reboot",
            "web > /etc/passwd",
            "web\nreboot",
            "it's",
            "\"$(reboot)\"",
            "'web'; reboot; '",
        ] {
            let command = format!("kubectl -n shop logs {name} -c app");
            assert!(!is_safe_to_copy(&command), "{command}");
        }
        assert!(!is_safe_to_copy(
            "kubectl patch x -p '{\"a\": \"it's\"; reboot'"
        ));
    }
}
