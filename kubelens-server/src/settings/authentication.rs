use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::ExposeSecret;
use url::Url;

use super::Secret;
use super::mode::Mode;
use super::reader::Reader;
use crate::access::Role;

/// Who may come in, and how.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// Off: everyone is a viewer without a name.
    pub enabled: bool,
    /// Tokens that never change while the server runs.
    pub tokens: Vec<StaticToken>,
    /// Whether `X-Auth-Token` is read.
    pub header_token: bool,
    /// Hosts besides the request's own that browsers may come from.
    pub csrf_domains: Vec<String>,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// An OpenID Connect provider.
    pub oidc: Option<Oidc>,
    /// Bearer tokens of Kubernetes.
    pub token_review: Option<TokenReview>,
    /// How long a session lives at most, idle or not.
    pub session_ttl: Duration,
}

/// `user:role:token` of `AUTH_TOKENS`.
#[derive(Debug, Clone)]
pub struct StaticToken {
    /// The person.
    pub user: String,
    /// Their role.
    pub role: Role,
    /// The token.
    pub token: Secret,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// Its preset's word: google, github, keycloak, oidc.
    pub provider: String,
    /// The issuer, exactly as tokens name it.
    pub issuer: Url,
    /// The audience that tokens must have.
    pub client_id: String,
    /// For the browser's login.
    pub client_secret: Option<Secret>,
    /// Where the provider sends the browser back to.
    pub redirect_url: Option<Url>,
    /// The claim that holds the name, before the usual ones.
    pub username_claim: Option<String>,
    /// The claim that holds the role, before the usual ones.
    pub role_claim: Option<String>,
}

/// Kubernetes decides about bearer tokens.
#[derive(Debug, Clone)]
pub struct TokenReview {
    /// Audiences that a token must have; empty = the API server's own.
    pub audiences: Vec<String>,
    /// Groups whose members are operators.
    pub operator_groups: Vec<String>,
    /// Groups whose members are admins.
    pub admin_groups: Vec<String>,
}

/// Whose rights a call to Kubernetes has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impersonation {
    /// The server's own.
    Off,
    /// The caller's name.
    User,
    /// The caller's name and the group `kubelens:<role>`.
    Group,
}

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode, dev_mode: bool) -> Authentication {
    let enabled = reader.flag("AUTH_ENABLED", mode == Mode::Prod);
    let mut tokens = read_tokens(reader);
    let oidc = read_oidc(reader);
    let token_review = reader
        .flag("AUTH_TOKEN_REVIEW", false)
        .then(|| TokenReview {
            audiences: words(reader, "AUTH_TOKEN_REVIEW_AUDIENCES"),
            operator_groups: words(reader, "AUTH_TOKEN_REVIEW_OPERATOR_GROUPS"),
            admin_groups: words(reader, "AUTH_TOKEN_REVIEW_ADMIN_GROUPS"),
        });
    if enabled && tokens.is_empty() && oidc.is_none() && token_review.is_none() {
        if dev_mode {
            tokens = well_known();
        } else {
            reader.problem(
                "AUTH_ENABLED",
                "nobody could come in; give AUTH_TOKENS, AUTH_PROVIDER or AUTH_OIDC_ISSUER_URL, or AUTH_TOKEN_REVIEW",
            );
        }
    }
    Authentication {
        enabled,
        tokens,
        header_token: reader.flag("AUTH_ALLOW_HEADER_TOKEN", dev_mode),
        csrf_domains: reader.list("AUTH_TRUSTED_CSRF_DOMAINS", read_host),
        trusted_proxies: reader.list("AUTH_TRUSTED_PROXY_CIDRS", read_network),
        oidc,
        token_review,
        session_ttl: reader.seconds("SESSION_TTL_SECONDS", 43_200, 60..=43_200),
    }
}

fn words(reader: &mut Reader<'_>, name: &str) -> Vec<String> {
    reader.list(name, |it| Ok(it.to_owned()))
}

fn well_known() -> Vec<StaticToken> {
    let token = |role: Role| StaticToken {
        user: format!("kubelens-{}", role.word()),
        role,
        token: Secret::from(format!("kubelens-{}", role.word())),
    };
    Role::ALL.map(token).to_vec()
}

/// Problems name the entry by its position: its text holds a secret.
fn read_tokens(reader: &mut Reader<'_>) -> Vec<StaticToken> {
    let mut position = 0;
    let mut users: BTreeMap<String, Role> = BTreeMap::new();
    let mut seen: Vec<Secret> = Vec::new();
    reader.list("AUTH_TOKENS", |entry| {
        position += 1;
        let mut parts = entry.splitn(3, ':').map(str::trim);
        let (Some(user), Some(role), Some(token)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("entry {position} is not user:role:token"));
        };
        if user.is_empty() || token.is_empty() {
            return Err(format!("entry {position} has an empty user or token"));
        }
        let role = Role::named(role).ok_or_else(|| {
            format!("entry {position} ({user}): the role is viewer, operator or admin")
        })?;
        if seen.iter().any(|it| it.expose_secret() == token) {
            return Err(format!(
                "entry {position} ({user}): its token was given before"
            ));
        }
        if users
            .insert(user.to_owned(), role)
            .is_some_and(|before| before != role)
        {
            return Err(format!(
                "entry {position}: {user} has two roles; one name is one person"
            ));
        }
        let token = Secret::from(token);
        seen.push(token.clone());
        let user = user.to_owned();
        Ok(StaticToken { user, role, token })
    })
}

fn read_host(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = host
        .unwrap_or(text)
        .trim_end_matches('/')
        .to_ascii_lowercase();
    if host.is_empty() || host.contains(['/', '*', ' ', '@']) {
        return Err(format!("{text:?} is not a host or host:port"));
    }
    Ok(host)
}

fn read_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>();
    let network = network.or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
    network.map_err(|_| format!("{text:?} is not a network such as 10.0.0.0/8"))
}

fn read_oidc(reader: &mut Reader<'_>) -> Option<Oidc> {
    let provider = reader
        .optional("AUTH_PROVIDER")
        .or(reader.optional("AUTH_OIDC_PROVIDER"));
    let provider = provider
        .map(str::to_ascii_lowercase)
        .filter(|it| it != "none");
    let preset = match provider.as_deref() {
        None | Some("keycloak" | "oidc") => "",
        Some("google") => "https://accounts.google.com",
        Some("github") => "https://token.actions.githubusercontent.com",
        Some(other) => {
            reader.problem(
                "AUTH_PROVIDER",
                format!("{other:?} is none of google, github, keycloak, oidc"),
            );
            ""
        }
    };
    let named = provider.is_some() || reader.optional("AUTH_OIDC_ISSUER_URL").is_some();
    if !reader.flag("AUTH_OIDC_ENABLED", named) {
        return None;
    }
    let issuer = reader.url("AUTH_OIDC_ISSUER_URL", preset);
    if issuer.is_none() && reader.optional("AUTH_OIDC_ISSUER_URL").is_none() {
        reader.problem("AUTH_OIDC_ISSUER_URL", "this provider needs its issuer");
    }
    let client_id = reader.text("AUTH_OIDC_CLIENT_ID", "");
    if client_id.is_empty() {
        reader.problem(
            "AUTH_OIDC_CLIENT_ID",
            "tokens for any other client would be accepted; give the client id",
        );
    }
    let redirect_url = reader.url("AUTH_OIDC_REDIRECT_URL", "");
    Some(Oidc {
        provider: provider.unwrap_or_else(|| "oidc".to_owned()),
        issuer: issuer?,
        client_id,
        client_secret: reader.secret("AUTH_OIDC_CLIENT_SECRET"),
        redirect_url,
        username_claim: reader
            .optional("AUTH_OIDC_USERNAME_CLAIM")
            .map(str::to_owned),
        role_claim: reader.optional("AUTH_OIDC_ROLE_CLAIM").map(str::to_owned),
    })
}
