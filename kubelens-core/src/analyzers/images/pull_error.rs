//! Why an image could not be had: the grammar of what kubelets and container runtimes say.

use crate::analyzers::pattern::Pattern;

/// The class of a pull that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PullFault {
    /// The reference cannot be parsed, or a short name leads nowhere.
    NameInvalid,
    /// A policy of the runtime wants a signature.
    SignatureRejected,
    /// The image is not built for the node's processor or system.
    PlatformMismatch,
    /// Its manifest is of a form that the runtime does not read.
    FormatUnknown,
    /// The registry counts pulls.
    RateLimited,
    /// The kubelet itself counts pulls.
    KubeletRateLimited,
    /// The registry's certificate is not trusted.
    TlsRejected,
    /// The registry speaks plain HTTP.
    PlainHttp,
    /// The registry's name has no address.
    NameNotResolved,
    /// The node's disk is full.
    NoSpace,
    /// The node's image store is damaged.
    StoreBroken,
    /// The registry does not answer, or answers with an error of its own.
    Unreachable,
    /// The registry wants a login, or another one.
    Denied,
    /// As the registry says: no such repository, or no permission. It does not tell which.
    DeniedOrMissing,
    /// A policy of the registry holds the image back: too many findings of a scan, no approval.
    HeldBack,
    /// The registry has no such tag, digest or repository.
    NotFound,
    /// The pull policy is Never and the node has no such image.
    NeverPulled,
}

/// The waiting reasons of a container whose image is not there.
const REASONS: [&str; 9] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
    "ImageVolumeMountFailed",
    "ErrImageVolumeMount",
];

/// Whether a container with this waiting reason waits for its image.
pub(in crate::analyzers) fn is_image_wait(reason: &str) -> bool {
    REASONS.contains(&reason)
}

/// The tests, in the order in which they are asked: a platform's text ends in `not found` as well,
/// and Docker Hub says `denied` of what does not exist.
static GRAMMAR: [(PullFault, Pattern); 18] = [
    (
        PullFault::NameInvalid,
        Pattern::new(
            r#"(?i)couldn't parse image (?:name|reference)|invalid reference format|repository name .{0,200}must be lowercase|failed to apply default image tag|short-name .{0,200}did not resolve|short-name resolution enforced|invalid image name"#,
        ),
    ),
    (
        PullFault::SignatureRejected,
        Pattern::new(
            r"(?i)SignatureValidationFailed|signature validation failed|signature was required|source image rejected|signature verification failed",
        ),
    ),
    (
        PullFault::PlatformMismatch,
        Pattern::new(
            r"(?i)no match for platform in manifest|no matching manifest for|no image found in (?:image index|manifest list) for architecture|does not match the specified platform|no child with platform",
        ),
    ),
    (
        PullFault::FormatUnknown,
        Pattern::new(
            r"(?i)unsupported manifest media type|schema ?(?:version )?1.{0,80}(?:no longer supported|not supported|deprecated|removed)|unsupported schema version|media type .{0,120} no longer supported|mediaType in manifest .{0,80}not supported",
        ),
    ),
    (
        PullFault::KubeletRateLimited,
        Pattern::new(r"(?i)pull QPS exceeded"),
    ),
    (
        PullFault::RateLimited,
        Pattern::new(
            r"(?i)toomanyrequests|too many requests|\b429\b|pull rate limit|rate limit exceeded",
        ),
    ),
    (
        PullFault::TlsRejected,
        Pattern::new(
            r"(?i)x509:|certificate signed by unknown authority|tls: failed to verify certificate|tls: bad certificate|remote error: tls|certificate has expired|certificate is not valid",
        ),
    ),
    (
        PullFault::PlainHttp,
        Pattern::new(
            r"(?i)server gave HTTP response to HTTPS client|first record does not look like a TLS handshake",
        ),
    ),
    (
        PullFault::NameNotResolved,
        Pattern::new(
            r"(?i)no such host|server misbehaving|lookup \S+?(?: on \S+)?: .{0,120}?(?:i/o timeout|connection refused|temporary failure)|temporary failure in name resolution|could not resolve host|name or service not known",
        ),
    ),
    (
        PullFault::NoSpace,
        Pattern::new(r"(?i)no space left on device|disk quota exceeded"),
    ),
    (
        PullFault::StoreBroken,
        Pattern::new(
            r"(?i)ImageInspectError|failed to inspect image|blob not found|content digest \S+ not found|unable to find blob|failed to get reader from content store|layer does not exist|unexpected end of JSON input|input/output error|structure needs cleaning",
        ),
    ),
    (
        PullFault::Unreachable,
        Pattern::new(
            r"(?i)RegistryUnavailable|connection refused|i/o timeout|TLS handshake timeout|no route to host|network is unreachable|context deadline exceeded|client\.timeout exceeded|deadlineexceeded|proxyconnect|connection reset by peer|unexpected EOF|: EOF\b|\b50[0234] (?:internal server error|bad gateway|service unavailable|gateway time-?out)|unexpected status.{0,200}\b5\d\d\b|received unexpected HTTP status: 5\d\d|i/o error",
        ),
    ),
    (
        PullFault::HeldBack,
        Pattern::new(
            r"(?i)\b412 precondition failed|cannot be pulled due to configured policy|due to configured policy in|prevent vulnerable images|PROJECTPOLICYVIOLATION|blocked by .{0,40}(?:policy|xray)|quarantined",
        ),
    ),
    (
        PullFault::DeniedOrMissing,
        Pattern::new(
            r"(?i)repository does not exist or may require|may require 'docker login'|requested access to the resource is denied|insufficient_scope",
        ),
    ),
    (
        PullFault::Denied,
        Pattern::new(
            r"(?i)unauthorized|\b401\b|\b403\b|forbidden|authentication required|authorization (?:failed|token has expired|required)|no basic auth credentials|pull access denied|\bdenied\b|failed to authorize|permission .{0,80}denied|invalid username/password|does not have the (?:proper )?credentials|credentials.{0,40}not.{0,20}verified|could not retrieve credentials|token has expired",
        ),
    ),
    (
        PullFault::NeverPulled,
        Pattern::new(r"(?i)not present with pull policy of Never|ErrImageNeverPull"),
    ),
    (
        PullFault::NotFound,
        Pattern::new(
            r"(?i)manifest unknown|manifest for .{0,300}not found|manifest_unknown|name_unknown|name unknown|repository .{0,300}not found|\bnot found\b|\b404\b|no such image|code = NotFound|does not exist",
        ),
    ),
    (
        PullFault::Unreachable,
        Pattern::new(r"(?i)failed to do request|error pinging|pinging container registry"),
    ),
];

/// The class of a text about an image, by its waiting reason and message or by an event's message;
/// none where nobody says why. The image's own name does not count as words.
pub(super) fn classify(text: &str, image: &str) -> Option<PullFault> {
    let words = if image.is_empty() {
        text.to_owned()
    } else {
        text.replace(image, " ")
    };
    GRAMMAR
        .iter()
        .find(|(_, pattern)| pattern.is_in(&words))
        .map(|(fault, _)| *fault)
}

/// The part of a text that tells most: what the registry or the runtime said last.
pub(super) fn core_of(text: &str) -> &str {
    let text = text
        .rsplit_once("desc = ")
        .map_or(text, |(_, words)| words)
        .trim();
    text.split_once(": ErrImagePull: ")
        .map_or(text, |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::PullFault::{self, *};
    use super::classify;

    #[test]
    fn real_wordings_fall_into_their_classes() {
        let cases: [(&str, PullFault); 46] = [
            (
                "Failed to apply default image tag \"a b\": couldn't parse image name \"a b\": invalid reference format",
                NameInvalid,
            ),
            (
                "couldn't parse image reference \"Web:1\": invalid reference format: repository name (library/Web) must be lowercase",
                NameInvalid,
            ),
            (
                "rpc error: code = Unknown desc = short-name \"web:1\" did not resolve to an alias and no unqualified-search registries are defined in \"/etc/containers/registries.conf\"",
                NameInvalid,
            ),
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"r.io/a:1\": no match for platform in manifest: not found",
                PlatformMismatch,
            ),
            (
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
                PlatformMismatch,
            ),
            (
                "choosing an image from manifest list docker://r.io/a: no image found in image index for architecture \"arm64\", variant \"v8\", OS \"linux\"",
                PlatformMismatch,
            ),
            (
                "unsupported manifest media type and no default available: application/vnd.docker.distribution.manifest.v1+json",
                FormatUnknown,
            ),
            (
                "media type \"application/vnd.docker.distribution.manifest.v1+prettyjws\" is no longer supported since containerd v2.1, please rebuild the image",
                FormatUnknown,
            ),
            (
                "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/x/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.",
                RateLimited,
            ),
            ("pull QPS exceeded", KubeletRateLimited),
            (
                "failed to do request: Head \"https://r.local/v2/a/manifests/1\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
                TlsRejected,
            ),
            (
                "failed to do request: Head \"https://r.local/v2/a/manifests/1\": http: server gave HTTP response to HTTPS client",
                PlainHttp,
            ),
            (
                "failed to do request: Head \"https://r.local/v2/a/manifests/1\": dial tcp: lookup r.local on 10.0.0.2:53: no such host",
                NameNotResolved,
            ),
            (
                "dial tcp: lookup r.local on 10.0.0.2:53: read udp 10.0.0.9:4242->10.0.0.2:53: i/o timeout",
                NameNotResolved,
            ),
            (
                "dial tcp: lookup r.local on 10.0.0.2:53: server misbehaving",
                NameNotResolved,
            ),
            (
                "failed to extract layer sha256:00: write /var/lib/containerd/x: no space left on device",
                NoSpace,
            ),
            (
                "failed to extract layer sha256:00: failed to get reader from content store: content digest sha256:00: not found",
                StoreBroken,
            ),
            (
                "failed to do request: Head \"https://r.local/v2/a/manifests/1\": dial tcp 10.0.0.5:443: connect: connection refused",
                Unreachable,
            ),
            (
                "failed to do request: Head \"https://r.local/v2/\": dial tcp 10.0.0.5:443: i/o timeout",
                Unreachable,
            ),
            ("net/http: TLS handshake timeout", Unreachable),
            (
                "unexpected status from HEAD request to https://r.local/v2/a/manifests/1: 503 Service Unavailable",
                Unreachable,
            ),
            (
                "Get \"https://r.io/v2/\": context deadline exceeded",
                Unreachable,
            ),
            (
                "proxyconnect tcp: dial tcp 10.0.0.5:3128: connect: no route to host",
                Unreachable,
            ),
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.example.io/token?scope=x: 401 Unauthorized",
                Denied,
            ),
            (
                "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://r.io/token: 403 Forbidden",
                Denied,
            ),
            (
                "pulling from host 1.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1]: 401 Unauthorized; no basic auth credentials",
                Denied,
            ),
            (
                "reading manifest 1 in quay.io/a/b: unauthorized: access to the requested resource is not authorized",
                Denied,
            ),
            (
                "unexpected status from HEAD request to https://r.local/v2/a/manifests/1: 412 Precondition Failed",
                HeldBack,
            ),
            (
                "denied: The image is blocked: current image with 2 vulnerabilities cannot be pulled due to configured policy in 'Prevent vulnerable images from running.'",
                HeldBack,
            ),
            (
                "denied: Your authorization token has expired. Reauthenticate and try again.",
                Denied,
            ),
            (
                "failed to resolve reference \"docker.io/library/nope:1\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                DeniedOrMissing,
            ),
            (
                "Error response from daemon: pull access denied for nope, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                DeniedOrMissing,
            ),
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:9.9\": failed to resolve reference \"docker.io/library/nginx:9.9\": docker.io/library/nginx:9.9: not found",
                NotFound,
            ),
            (
                "Error response from daemon: manifest for nginx:9.9 not found: manifest unknown: manifest unknown",
                NotFound,
            ),
            (
                "reading manifest 9.9 in docker.io/library/nginx: manifest unknown",
                NotFound,
            ),
            (
                "unexpected status from HEAD request to https://r.io/v2/a/manifests/1: 404 Not Found",
                NotFound,
            ),
            (
                "Container image \"web:1\" is not present with pull policy of Never",
                NeverPulled,
            ),
            (
                "SignatureValidationFailed: image policy: signature validation failed",
                SignatureRejected,
            ),
            (
                "Source image rejected: A signature was required, but no signature exists",
                SignatureRejected,
            ),
            // As kubelets, containerd 1.7 to 2.2 and CRI-O of 1.28 to 1.36 have them.
            (
                "RegistryUnavailable: image pull failed for r.local/a:1 because the registry is unavailable: connection refused",
                Unreachable,
            ),
            (
                "SignatureValidationFailed: image pull failed for r.local/a:1 because the signature validation failed: cryptographic signature verification failed",
                SignatureRejected,
            ),
            (
                "Failed to inspect image \"r.local/a:1\": rpc error: code = Unknown desc = layer not known",
                StoreBroken,
            ),
            (
                "failed to pull and unpack image \"r.local/a:1\": failed to resolve image: r.local/a:1: not found",
                NotFound,
            ),
            (
                "initializing source docker://r.local/a:1: pinging container registry r.local: Get \"https://r.local/v2/\": dial tcp 10.0.0.5:443: connect: no route to host",
                Unreachable,
            ),
            (
                "initializing source docker://quay.io/a/b:1: reading manifest 1 in quay.io/a/b: name unknown: repository not found",
                NotFound,
            ),
            (
                "failed to pull and unpack image \"r.local/a:1\": failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://r.local/v2/a/blobs/sha256:00\": net/http: TLS handshake timeout",
                Unreachable,
            ),
        ];
        for (text, fault) in cases {
            assert_eq!(classify(text, ""), Some(fault), "{text}");
        }
    }

    #[test]
    fn a_pause_between_tries_and_the_name_of_an_image_say_nothing() {
        assert_eq!(
            classify(
                "Back-off pulling image \"r.io/not found:404\"",
                "r.io/not found:404"
            ),
            None
        );
        assert_eq!(classify("Error: ImagePullBackOff", "web"), None);
    }
}
