//! Names that say what they hold.

/// Parts of a word that say that the value is nobody's business.
const SECRET_PARTS: [&str; 7] = [
    "PASS",
    "PWD",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE",
    "SIGNATURE",
];

/// Words that say so only where they stand alone.
const SECRET_WORDS: [&str; 6] = ["KEY", "KEYS", "AUTH", "AUTHORIZATION", "SALT", "CRED"];

/// Ends of words that say so: `ENCRYPTIONKEY`, `DBCREDS`.
const SECRET_ENDS: [&str; 13] = [
    "APIKEY",
    "ACCESSKEY",
    "SECRETKEY",
    "ENCRYPTIONKEY",
    "SIGNINGKEY",
    "MASTERKEY",
    "AUTHKEY",
    "ACCOUNTKEY",
    "SHAREDKEY",
    "LICENSEKEY",
    "SESSIONKEY",
    "MASTERAUTH",
    "CREDS",
];

/// Last words of names that speak about a secret and do not hold it.
const ABOUT_SECRETS: [&str; 27] = [
    "URL",
    "URI",
    "HOST",
    "HOSTNAME",
    "ADDR",
    "ADDRESS",
    "ENDPOINT",
    "SERVICE",
    "PORT",
    "FILE",
    "PATH",
    "DIR",
    "NAME",
    "ENABLED",
    "TTL",
    "TIMEOUT",
    "MODE",
    "TYPE",
    "LENGTH",
    "SIZE",
    "LIMIT",
    "COUNT",
    "EXPIRY",
    "EXPIRATION",
    "LIFETIME",
    "DURATION",
    "INTERVAL",
];

/// Words that make of tokens a number of them: `MAX_TOKENS`, `TOKENS_PER_MINUTE`.
const COUNTING: [&str; 6] = ["MAX", "MIN", "NUM", "PER", "TOTAL", "BUDGET"];

/// Ends of names of fields that hold a secret. A field `secret` or `key` names one as often.
const SECRET_FIELDS: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "clientsecret",
    "encryptionkey",
    "masterkey",
    "signingkey",
    "accountkey",
    "authkey",
    "licensekey",
    "userpass",
];

/// Whether a variable, a flag or a field of this name holds a secret: `DB_PASSWORD`, `--api-key`, `signingKey`; not
/// `TOKEN_URL`, which says where to get one.
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let counts = is_count(&words);
    words.iter().any(|word| is_secret_word(word, counts))
        && words
            .last()
            .is_some_and(|last| !ABOUT_SECRETS.contains(&last.as_str()))
}

/// Whether a field is named after the secret that it holds. `secretName` and `tokenSecretRef` hold names.
pub(super) fn holds_secret(field: &str) -> bool {
    let words = words(field);
    if is_count(&words) && words.last().is_some_and(|last| last == "TOKENS") {
        return false;
    }
    let whole = words.concat().to_ascii_lowercase();
    let is_named = |name: &str| SECRET_FIELDS.iter().any(|end| name.ends_with(end));
    words
        .last()
        .is_some_and(|last| matches!(last.as_str(), "PASS" | "PWD"))
        || is_named(&whole)
        || whole.strip_suffix('s').is_some_and(is_named)
}

fn is_secret_word(word: &str, counts: bool) -> bool {
    let one = word.strip_suffix('S').unwrap_or(word);
    let is_of_tokens = word.starts_with("TOKENIZ") || (counts && word == "TOKENS");
    !is_of_tokens
        && (SECRET_WORDS.contains(&word)
            || SECRET_ENDS
                .iter()
                .any(|end| word.ends_with(end) || one.ends_with(end))
            || SECRET_PARTS.iter().any(|part| word.contains(part)))
}

fn is_count(words: &[String]) -> bool {
    words.iter().any(|word| COUNTING.contains(&word.as_str()))
}

/// The words of a name, in capitals: `dbPassword` and `DB_PASSWORD` have the same ones.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_after_small = false;
    for letter in name.chars() {
        let is_of_word = letter.is_ascii_alphanumeric();
        if (!is_of_word || (is_after_small && letter.is_ascii_uppercase())) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if is_of_word {
            word.push(letter.to_ascii_uppercase());
        }
        is_after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{holds_secret, is_secret_name};

    #[test]
    fn a_name_tells_whether_its_value_is_a_secret() {
        for name in [
            "DB_PASSWORD",
            "dbPassword",
            "--api-key",
            "AWS_ACCESS_KEY_ID",
            "BASIC_AUTH",
            "STRIPE_KEY",
            "GITHUB_TOKEN",
            "client-secret",
            "DB_CREDS",
            "CREDS_JSON",
            "encryptionKey",
            "ENCRYPTIONKEY",
            "signingKey",
            "MASTER_KEYS",
            "API_KEYS",
            "AUTHKEY",
            "--masterauth",
            "-Djavax.net.ssl.keyStorePassword",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "TOKEN_URL",
            "tokenUrl",
            "AUTH_SERVICE_HOST",
            "--tls-private-key-file",
            "KEYCLOAK_ADMIN",
            "--authorization-mode",
            "MONKEYS",
            "KEYSPACE",
            "DB_HOST",
            "MAX_TOKENS",
            "maxTokens",
            "TOKENS_PER_MINUTE",
            "TOKENIZERS_PARALLELISM",
            "SESSION_TOKEN_EXPIRATION",
            "",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_field_is_told_from_one_that_names_a_secret() {
        for field in [
            "adminPassword",
            "encryptionKey",
            "masterKey",
            "storageAccountKey",
            "userPass",
            "userpass",
            "api_key",
            "apiTokens",
            "vault.hashicorp.com/token",
        ] {
            assert!(holds_secret(field), "{field}");
        }
        for field in [
            "key",
            "secret",
            "secretName",
            "tokenSecretRef",
            "maxTokens",
            "bypass",
            "topologyKey",
        ] {
            assert!(!holds_secret(field), "{field}");
        }
    }
}
