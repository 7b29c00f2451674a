//! Secrets that are known by their form, wherever they stand in a text.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::REDACTED;
use super::private_key::without_private_keys;

/// A value: in quotes, in quotes of a text within a text, or up to where a bare word ends.
const VALUE: &str = r#"(?P<value>\\+"(?:[^"\\\n]|\\+[^"\\\n])*(?:\\+")?|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s"',;&}]{3,})"#;

/// The same where a blank alone stands before it: what begins with a dash is the next flag.
const ARGUMENT: &str = r#"(?P<value>\\+"(?:[^"\\\n]|\\+[^"\\\n])*(?:\\+")?|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s"'-][^\s"']{2,})"#;

/// The same in an assignment of a shell.
const WORD: &str = r#"(?P<value>"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s"';]{3,})"#;

/// What stands between a key and its value.
const IS: &str = r#"(?:\\*["'])?(?:[ \t]*=>[ \t]*|[ \t]+=[ \t]+|[ \t]*=|[ \t]*:[ \t]*)"#;

/// Whether a value is one to be hidden, by what stands before it and by itself.
type Judge = fn(&str, &str) -> bool;

/// A form, and what its value has to be like.
struct Form {
    regex: Regex,
    is_secret: Judge,
}

/// The forms. What a group `keep` holds before a secret stays, and what `rest` holds behind it.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let any: Judge = |_, _| true;
    let table = [
        // A private key as kubeconfigs hold it
        (
            r"(?P<keep>)LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0EgUFJJVkFUR|FQyBQUklWQVRF|PUEVOU1NIIFBSSVZBVE|FTkNSWVBURUQgUFJJVkFUR)[A-Za-z0-9+/=]*".to_owned(),
            any,
        ),
        // The first line of one that lost its markers
        (
            r"(?P<keep>)\bMI[IG][A-Za-z0-9+/]{45,}={0,2}".to_owned(),
            any,
        ),
        // Authorization headers
        (
            r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}".to_owned(),
            any,
        ),
        // JSON web tokens
        (
            r"(?P<keep>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*".to_owned(),
            any,
        ),
        // Credentials inside an address; a password may hold what should have been escaped
        (
            r#"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@\[]*:)(?P<value>[^\s/"'<>]+|[^\s@/]+)(?P<rest>@)"#.to_owned(),
            any,
        ),
        (
            r#"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@\[]+:)(?P<value>[^\s/@"'<>]*[^\s/@"'<>0-9][^\s/@"'<>]*/[^\s@"'<>?#]*)(?P<rest>@)"#.to_owned(),
            any,
        ),
        // key=value and key: value with a telling key
        (
            format!(r"(?i)(?P<keep>\b[a-z0-9_.-]*(?:password|passwd|passphrase|pwd|(?:secret|api|access|private|encryption|signing|master|account)[_-]?key|client[_-]?key[_-]?data|client[_-]?secret|(?:auth|access|refresh)[_-]?token){IS}){VALUE}"),
            any,
        ),
        // The same with keys that as often name what is spoken of
        (
            format!(r"(?i)(?P<keep>\b[a-z0-9_.-]*(?:token|secret){IS}){VALUE}"),
            is_no_word,
        ),
        (
            format!(r#"(?i)(?P<keep>["'](?:[a-z0-9_.-]*token|pass)\\*["'][ \t]*:[ \t]*){VALUE}"#),
            any,
        ),
        (
            format!(r#"(?i)(?P<keep>["'][a-z0-9_.-]*secret\\*["'][ \t]*:[ \t]*){VALUE}"#),
            is_no_name,
        ),
        // A password that a sentence quotes
        (
            r#"(?i)(?P<keep>\b(?:password|passwd|passphrase|identified by)[ \t]+)(?P<value>\\*"[^"\s]{3,}"|'[^'\s]{3,}')"#.to_owned(),
            any,
        ),
        // A flag with a telling name and its value, also in a list of words
        (
            format!(r#"(?i)(?P<keep>(?:^|[\s"'\[,(])--?(?:[a-z0-9]+-)*(?:password|passwd|passphrase|pwd|pass|token|api-?key|access-?key|secret-?key|client-secret|masterauth|requirepass|storepass|keypass)(?:=|\s+|\\*["'],\s*)){ARGUMENT}"#),
            is_no_flag,
        ),
        // Who calls, and the password behind the colon
        (
            r#"(?P<keep>(?:^|\s)(?:-u|--user|--proxy-user)(?:=|\s+)["']?[^\s:"'/@%+]+:)(?P<value>[^\s"'/][^\s"']*)"#.to_owned(),
            is_password_of_user,
        ),
        // Programs that take a password behind a short flag
        (
            format!(r"(?P<keep>\bredis-cli\b[^|;&\n]*?\s-a\s+){ARGUMENT}"),
            any,
        ),
        (
            format!(r"(?P<keep>\bsshpass\s+-p\s*){ARGUMENT}"),
            any,
        ),
        (
            format!(r"(?P<keep>\b(?:mysql|mysqladmin|mysqldump|mysqlcheck|mariadb|mariadb-admin|mariadb-dump)\s(?:[^|;&\n]*?\s)?-p){ARGUMENT}"),
            any,
        ),
        // Assignments whose name says nothing more than what it is
        (
            format!(r"(?P<keep>\b[A-Z0-9_]*(?:TOKEN|SECRET|CREDENTIALS?|CREDS|PASS)=){WORD}"),
            any,
        ),
        (
            format!(r#"(?P<keep>(?:^|[\s,;("'])(?:token|secret)(?:=|[ \t]+=[ \t]+)){VALUE}"#),
            |_, value| value.len() > 3,
        ),
        // What signs an address
        (
            r#"(?i)(?P<keep>[?&](?:sig|signature|token|key|x-amz-signature|x-amz-security-token|x-goog-signature)=)[^\s&"']{8,}"#.to_owned(),
            any,
        ),
        // Who calls, where the address names nobody but a key
        (
            r"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s:/@]{16,}(?P<rest>@)".to_owned(),
            any,
        ),
        // Credentials of a database's address without a scheme
        (
            r"(?P<keep>\b[^\s:/@]+:)[^\s:/@]+(?P<rest>@(?:tcp|unix)\()".to_owned(),
            any,
        ),
        // Cloud key ids, forge tokens
        (
            r"(?P<keep>)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b".to_owned(),
            any,
        ),
        (
            r"(?P<keep>)\b(?:gh[pousr]_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,})".to_owned(),
            any,
        ),
    ];
    table
        .into_iter()
        .filter_map(|(pattern, is_secret)| {
            let regex = Regex::new(&pattern).ok()?;
            Some(Form { regex, is_secret })
        })
        .collect()
});

/// The text with secrets replaced by `[redacted]`, and nothing else changed.
pub(crate) fn redact(text: &str) -> String {
    // No secret that has a form is shorter.
    if text.len() < 8 {
        return text.to_owned();
    }
    let mut out = without_private_keys(text).into_owned();
    for form in FORMS.iter() {
        if form.regex.is_match(&out) {
            out = form
                .regex
                .replace_all(&out, |found: &Captures<'_>| hidden(found, form.is_secret))
                .into_owned();
        }
    }
    out
}

/// What stands in the place of a secret. The next link of a chain of errors is none: `invalid username/password:
/// unauthorized: …`; nor is what only refers to one: `$(DB_PASSWORD)`.
fn hidden(found: &Captures<'_>, is_secret: Judge) -> String {
    // A group that the pattern does not have is empty.
    let group = |name| found.name(name).map_or("", |group| group.as_str());
    let whole = found.get(0).map_or("", |all| all.as_str());
    let (keep, rest) = (group("keep"), group("rest"));
    let quoted = whole.strip_prefix(keep).unwrap_or(whole);
    let quoted = quoted.strip_suffix(rest).unwrap_or(quoted);
    let (open, value, close) = unquoted(quoted);
    let is_a_reason = open.is_empty()
        && keep.ends_with(": ")
        && value
            .strip_suffix(':')
            .is_some_and(|word| REASONS.contains(&word));
    let is_short = !open.is_empty() && value.trim().is_empty();
    if is_a_reason || is_short || is_reference(value) || !is_secret(keep, value) {
        whole.to_owned()
    } else {
        format!("{keep}{open}{REDACTED}{close}{rest}")
    }
}

/// The quote before a value, the value, and the quote behind it.
fn unquoted(text: &str) -> (&str, &str, &str) {
    let quote = text.trim_start_matches('\\');
    let Some(quote) = quote.chars().next().filter(|one| matches!(one, '"' | '\'')) else {
        // A backslash at the end belongs to a quote behind it.
        let value = text.trim_end_matches('\\');
        return ("", value, text.get(value.len()..).unwrap_or_default());
    };
    let start = text.find(quote).map_or(0, |at| at + 1);
    let (open, inner) = text.split_at(start);
    let value = inner.strip_suffix(quote).map_or(inner, |value| {
        let escapes = open.len() - 1;
        let slashes = value.len() - value.trim_end_matches('\\').len();
        value
            .get(..value.len() - escapes.min(slashes))
            .unwrap_or(value)
    });
    (open, value, inner.get(value.len()..).unwrap_or_default())
}

/// Whether a value is read from elsewhere: `$(DB_PASSWORD)`, `${DB_PASSWORD}`, `$DB_PASSWORD`.
pub(super) fn is_reference(value: &str) -> bool {
    let Some(name) = value.strip_prefix('$') else {
        return false;
    };
    let name = name
        .strip_prefix('(')
        .and_then(|name| name.strip_suffix(')'))
        .or_else(|| {
            name.strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'))
        })
        .unwrap_or(name);
    name.starts_with(|letter: char| letter.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a value that follows `token:` or `secret:` can be none of the words and names that do so too.
fn is_no_word(_: &str, value: &str) -> bool {
    let count = |is: fn(&u8) -> bool| value.as_bytes().iter().filter(|byte| is(byte)).count();
    let digits = count(u8::is_ascii_digit);
    let letters = count(u8::is_ascii_alphabetic);
    let is_one_word = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'=' | b'_'));
    let is_mixed = count(u8::is_ascii_uppercase) > 0 && count(u8::is_ascii_lowercase) > 0;
    let is_uuid = value.len() == 36
        && value
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_bootstrap_token = value.len() == 23
        && value.find('.') == Some(6)
        && digits >= 3
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.');
    let has_blank = value.contains(char::is_whitespace);
    !has_blank
        && digits >= 2
        && letters >= 2
        && ((is_one_word && value.len() >= 12)
            || (is_mixed && value.len() >= 16)
            || is_uuid
            || is_bootstrap_token)
}

/// Whether a field `secret` holds one: what is made as names of objects are made names a Secret.
fn is_no_name(_: &str, value: &str) -> bool {
    let is_name = value
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-./".contains(&byte))
        && (value.contains(['-', '/']) || !value.bytes().any(|byte| byte.is_ascii_digit()));
    !is_name && !value.starts_with(['{', '['])
}

fn is_no_flag(_: &str, value: &str) -> bool {
    !value.starts_with('-')
}

/// Whether `user:…` is a password and no group, and no name of Kubernetes' own: `system:node:…`.
fn is_password_of_user(user: &str, value: &str) -> bool {
    !user.ends_with("system:") && !value.bytes().all(|byte| byte.is_ascii_digit())
}

/// How a link of a chain of errors begins that says why a login was refused.
const REASONS: [&str; 5] = [
    "authentication",
    "denied",
    "forbidden",
    "invalid",
    "unauthorized",
];

#[cfg(test)]
mod tests {
    use super::{FORMS, redact};

    /// Texts with a secret in them, and what is shown of them.
    const TOLD: &[(&str, &str)] = &[
        (
            "Authorization: Bearer abcdefgh12345",
            "Authorization: Bearer [redacted]",
        ),
        (
            "DB_PASSWORD=hunter22 host=db",
            "DB_PASSWORD=[redacted] host=db",
        ),
        (
            "postgres://app:s3cret@db:5432/x",
            "postgres://app:[redacted]@db:5432/x",
        ),
        (
            "mysqld --password hunter22 --port 3306",
            "mysqld --password [redacted] --port 3306",
        ),
        ("app --api-key=abc123 -v", "app --api-key=[redacted] -v"),
        (
            "https://0123456789abcdef@sentry.example/4",
            "https://[redacted]@sentry.example/4",
        ),
        (
            "root:hunter22@tcp(db:3306)/shop",
            "root:[redacted]@tcp(db:3306)/shop",
        ),
        (
            "export API_TOKEN=hunter22; run",
            "export API_TOKEN=[redacted]; run",
        ),
        (
            "login failed: token=hunter22",
            "login failed: token=[redacted]",
        ),
        (
            "GET /x?expires=1&sig=Zm9vYmFyYmF6 failed",
            "GET /x?expires=1&sig=[redacted] failed",
        ),
        // With blanks, in quotes, in quotes within quotes
        (
            "aws_secret_access_key = wJalrXUtn/K7MDENG next",
            "aws_secret_access_key = [redacted] next",
        ),
        (
            "user=a password = spacepw11 host=x",
            "user=a password = [redacted] host=x",
        ),
        ("password => hunter22", "password => [redacted]"),
        (
            "app --password 'quoted pw12 rest13' --x",
            "app --password '[redacted]' --x",
        ),
        (
            r#"{"password": "two words, \"quoted\"", "x": 1}"#,
            r#"{"password": "[redacted]", "x": 1}"#,
        ),
        (
            r#"msg="{\"password\":\"hunter22\",\"x\":1}""#,
            r#"msg="{\"password\":\"[redacted]\",\"x\":1}""#,
        ),
        ("'password': 'hunter22'", "'password': '[redacted]'"),
        ("passphrase: open-sesame", "passphrase: [redacted]"),
        (r#""token":"logtok66""#, r#""token":"[redacted]""#),
        (
            r#"{"pass": "pw70", "pwd":"pw71"}"#,
            r#"{"pass": "[redacted]", "pwd":"[redacted]"}"#,
        ),
        (
            r#"cannot connect with password "logpw88""#,
            r#"cannot connect with password "[redacted]""#,
        ),
        (
            "user 'root' identified by 'logpw77'",
            "user 'root' identified by '[redacted]'",
        ),
        ("secret: 9f8a7b6c5d4e3f2a1b0c", "secret: [redacted]"),
        ("token: 9f8a7b6c5d4e3f2a1b0c", "token: [redacted]"),
        (
            "join with token: abcdef.0123456789abcdef",
            "join with token: [redacted]",
        ),
        (r#""secret":"hunter22""#, r#""secret":"[redacted]""#),
        ("AccountKey=Zm9vYmFy==;x=1", "AccountKey=[redacted];x=1"),
        // Addresses with what should have been escaped
        (
            "postgres://app:p@ss@pw19@db/x",
            "postgres://app:[redacted]@db/x",
        ),
        ("amqp://guest:amqp/pw17@h/", "amqp://guest:[redacted]@h/"),
        (
            "redis://:redisPw99@redis:6379/0",
            "redis://:[redacted]@redis:6379/0",
        ),
        // Arguments
        (
            "curl -u admin:pw http://x",
            "curl -u admin:[redacted] http://x",
        ),
        ("app --user=me:pw", "app --user=me:[redacted]"),
        (
            "redis-server --masterauth x1y",
            "redis-server --masterauth [redacted]",
        ),
        ("--requirepass redispw37", "--requirepass [redacted]"),
        (
            "redis-cli -h cache -a redispw36 ping",
            "redis-cli -h cache -a [redacted] ping",
        ),
        (
            "mysql -uroot -prootpw30 -h db",
            "mysql -uroot -p[redacted] -h db",
        ),
        ("sshpass -p sshpw35 ssh x", "sshpass -p [redacted] ssh x"),
        (
            r#"["app","--password","hunter22","-v"]"#,
            r#"["app","--password","[redacted]","-v"]"#,
        ),
        // Keys in PEM
        (
            r#"{"private_key": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"}"#,
            r#"{"private_key": "[redacted]"}"#,
        ),
        (
            "private_key: -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nnext",
            "private_key: [redacted]\nnext",
        ),
        (
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOY\n-----END PGP PRIVATE KEY BLOCK-----",
            "[redacted]",
        ),
        (
            "client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt",
            "client-key-data: [redacted]",
        ),
        ("secret = logsec64", "secret = [redacted]"),
        (
            "FATAL: key \"MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJOPLO\"",
            "FATAL: key \"[redacted]\"",
        ),
        // Cut off
        (
            r#"bad {"password": "hunter22 and"#,
            r#"bad {"password": "[redacted]"#,
        ),
        ("CREDS=hunter22 run", "CREDS=[redacted] run"),
        ("masterKey: hunter22", "masterKey: [redacted]"),
    ];

    /// Texts without one.
    const ORDINARY: &[&str] = &[
        r#"secret "db-password" not found"#,
        "error: unexpected token: }",
        "--token --verbose",
        "nginx:1.27@sha256:0123456789abcdef",
        "ssh://git@example.com/repo",
        "invalid username/password: unauthorized: authentication required",
        "couldn't find key password in Secret shop/db",
        r#"couldn't find key "password" in Secret shop/db"#,
        "FATAL: password authentication failed for user \"app\"",
        "token expired",
        "invalid token: signature is invalid",
        "MountVolume.SetUp failed: secret: web-tls-2024 not found",
        "secret: sh.helm.release.v1.web.v3",
        r#"{"secret":"shop/web-tls"}"#,
        r#"{"secret":{"name":"web-tls"}}"#,
        r#"{"secretName":"web-tls","key":"tls.key"}"#,
        r#""valueFrom":{"secretKeyRef":{"key":"password","name":"db"}}"#,
        "--token-file=/x --tls-private-key-file=/k",
        "tokenReview failed",
        "MAX_TOKENS=4096",
        "docker run -u 1000:1000 app --user=1000:1000",
        "docker-pullable://registry:5000/app@sha256:0123456789abcdef",
        "http://web:8080/login?mail=me@example.com",
        "http://[::1]:8080/a@b",
        "date -u +%H:%M:%S",
        "kubectl --user=system:admin get pods",
        r#"{"secret":"web"}"#,
        "mysql -uroot -p$MYSQL_ROOT_PASSWORD -h db",
        "mysql -uroot -p\"${MYSQL_ROOT_PASSWORD}\"",
        "postgres://app:$(DB_PASSWORD)@db/x",
        "redis-cli -a $REDIS_PASSWORD ping",
        "kubectl get secret,token",
        "no password is set",
        "password: ''",
        "pods \"web\" is forbidden: User \"x\" cannot get resource \"secrets\"",
        "error: exit status 1: -p is no flag",
        "mysql -h db -P 3306 -p -e ping",
    ];

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(FORMS.len(), 23);
    }

    #[test]
    fn secrets_are_replaced_and_what_names_them_stays() {
        for (text, expected) in TOLD {
            assert_eq!(redact(text), *expected);
        }
        assert!(!redact("token eyJhbGciOiJI.eyJzdWIiOiIx.c2ln").contains("eyJ"));
    }

    #[test]
    fn ordinary_messages_stay_as_they_are() {
        for message in ORDINARY {
            assert_eq!(redact(message), *message);
        }
    }

    #[test]
    fn what_was_redacted_once_stays_as_it_is() {
        for (_, redacted) in TOLD {
            assert_eq!(redact(redacted), **redacted);
        }
    }
}
