//! The yardstick: the lists of the kinds that the load is made of, fetched by curl and thrown away.

use std::ffi::OsString;
use std::path::Path;

/// The kinds of the load, of what controllers make of it, and of what its volumes may need.
pub const PATHS: [&str; 13] = [
    "/api/v1/pods",
    "/api/v1/events",
    "/apis/apps/v1/replicasets",
    "/apis/apps/v1/deployments",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/api/v1/services",
    "/api/v1/configmaps",
    "/api/v1/secrets",
    "/api/v1/nodes",
    "/apis/coordination.k8s.io/v1/leases",
    "/api/v1/serviceaccounts",
    "/api/v1/namespaces",
    "/api/v1/persistentvolumeclaims",
];

/// curl's arguments for all lists at the same time, compressed and neither unpacked nor parsed.
pub fn arguments(server: &str, authority: &Path, token: &str) -> Vec<OsString> {
    let mut words: Vec<OsString> = [
        "--silent",
        "--show-error",
        "--fail",
        "--parallel",
        "--parallel-immediate",
        "--no-progress-meter",
        // To curl by its name the server writes JSON for the eye, of twice the size.
        "--user-agent",
        "raw-lists",
        "--header",
        "Accept-Encoding: gzip",
        "--header",
    ]
    .map(OsString::from)
    .to_vec();
    words.push(format!("Authorization: Bearer {token}").into());
    words.push("--cacert".into());
    words.push(authority.into());
    for path in PATHS {
        words.push("--output".into());
        words.push("/dev/null".into());
        words.push(format!("{server}{path}?resourceVersion=0").into());
    }
    words
}
