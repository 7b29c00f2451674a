//! Which picture of which cluster.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;

use crate::{
    cli::{ConnectionFlags, PictureFlags},
    failure::Failure,
    target::Selector,
};

/// Where the picture comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// A cluster that runs.
    Live(Box<ConnectionFlags>),
    /// Something recorded.
    Recorded(PathBuf),
    /// The cluster that comes with the plugin.
    Demo,
}

/// Which namespaces were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Namespaces {
    /// The context's, as for kubectl; all of what is no live cluster.
    Current,
    /// All, as asked for.
    All,
    /// These.
    Named(Vec<String>),
}

/// What to read, from where.
#[derive(Debug, Clone)]
pub(crate) struct PictureSettings {
    pub(crate) origin: Origin,
    pub(crate) namespaces: Namespaces,
    pub(crate) selector: Option<Selector>,
    pub(crate) field_selector: Option<Selector>,
    pub(crate) now: Option<Timestamp>,
    pub(crate) logs: bool,
    /// How long one request may go without an answer.
    pub(crate) request_timeout: Duration,
    /// Documents of the cluster's provider.
    pub(crate) provider_health: Vec<PathBuf>,
}

/// One request may take this long when nothing else was asked for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// As good as for ever.
const NO_LIMIT: Duration = Duration::from_hours(365 * 24);

impl PictureSettings {
    /// Whether only the context's own namespace is looked at, and nobody asked for that.
    pub(crate) fn looks_at_own_namespace(&self) -> bool {
        matches!(self.origin, Origin::Live(_)) && self.namespaces == Namespaces::Current
    }

    /// The meaning of the flags together.
    pub(crate) fn new(
        connection: &ConnectionFlags,
        picture: &PictureFlags,
    ) -> Result<Self, Failure> {
        let namespaces = namespaces(connection, picture)?;
        let origin = match (&picture.from, picture.demo) {
            (Some(path), _) => Origin::Recorded(path.clone()),
            (None, true) => Origin::Demo,
            (None, false) => Origin::Live(Box::new(connection.clone())),
        };
        if picture.now.is_some() && matches!(origin, Origin::Live(_)) {
            return Err(Failure::new(
                "--now is for recorded pictures: a live cluster has its own time",
            )
            .way_out("add --from PATH, or leave --now out"));
        }
        Ok(Self {
            origin,
            namespaces,
            selector: picture
                .selector
                .as_deref()
                .map(Selector::of_labels)
                .transpose()?,
            field_selector: picture
                .field_selector
                .as_deref()
                .map(Selector::of_fields)
                .transpose()?,
            now: picture.now,
            logs: !picture.no_logs,
            request_timeout: request_timeout(connection.request_timeout.as_deref())?,
            provider_health: picture.provider_health.clone(),
        })
    }

    /// Everything that a recording holds.
    pub(crate) fn recorded(path: PathBuf) -> Self {
        Self {
            origin: Origin::Recorded(path),
            namespaces: Namespaces::All,
            selector: None,
            field_selector: None,
            now: None,
            logs: true,
            request_timeout: REQUEST_TIMEOUT,
            provider_health: Vec::new(),
        }
    }
}

fn namespaces(connection: &ConnectionFlags, picture: &PictureFlags) -> Result<Namespaces, Failure> {
    if picture.all_namespaces && !connection.namespace.is_empty() {
        return Err(Failure::new(format!(
            "-A asks for all namespaces and -n for {} only",
            connection.namespace.join(", ")
        ))
        .way_out("choose one of -A and -n"));
    }
    let mut named: Vec<String> = Vec::new();
    for name in connection
        .namespace
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
    {
        if !named.iter().any(|known| known == name) {
            named.push(name.to_owned());
        }
    }
    named.sort();
    Ok(if picture.all_namespaces {
        Namespaces::All
    } else if named.is_empty() {
        Namespaces::Current
    } else {
        Namespaces::Named(named)
    })
}

/// kubectl's notation: a number of seconds, or a number with a unit; 0 means no limit.
fn request_timeout(text: Option<&str>) -> Result<Duration, Failure> {
    let Some(text) = text else {
        return Ok(REQUEST_TIMEOUT);
    };
    let bad = || {
        Failure::new(format!("--request-timeout `{text}` is not a time"))
            .way_out("write it as 30s, 2m or 1h; 0 means no limit")
    };
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => text
            .parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .ok_or_else(bad)?,
    };
    Ok(if seconds.is_zero() { NO_LIMIT } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(
        connection: &ConnectionFlags,
        picture: &PictureFlags,
    ) -> Result<PictureSettings, String> {
        PictureSettings::new(connection, picture).map_err(|failure| failure.to_string())
    }

    #[test]
    fn all_namespaces_and_one_namespace_contradict_each_other() {
        let connection = ConnectionFlags {
            namespace: vec!["shop".into()],
            ..Default::default()
        };
        let picture = PictureFlags {
            all_namespaces: true,
            ..Default::default()
        };
        let message = settings(&connection, &picture).expect_err("a contradiction");
        assert_eq!(
            message,
            "error: -A asks for all namespaces and -n for shop only\n  try: choose one of -A and -n"
        );
    }

    #[test]
    fn without_a_namespace_the_contexts_own_is_meant() {
        let settings =
            settings(&ConnectionFlags::default(), &PictureFlags::default()).expect("settings");
        assert_eq!(settings.namespaces, Namespaces::Current);
        assert!(matches!(settings.origin, Origin::Live(_)));
    }

    #[test]
    fn request_timeouts_are_read_as_kubectl_reads_them() {
        let read = |text| request_timeout(Some(text)).map_err(|failure| failure.to_string());
        assert_eq!(read("0"), Ok(NO_LIMIT));
        assert_eq!(read("7"), Ok(Duration::from_secs(7)));
        assert_eq!(read("1m30s"), Ok(Duration::from_secs(90)));
        assert!(read("soon").is_err());
        assert!(read("-3s").is_err());
    }

    #[test]
    fn a_live_cluster_has_its_own_time() {
        let picture = PictureFlags {
            now: "2026-11-23T12:00:00Z".parse().ok(),
            ..Default::default()
        };
        assert!(settings(&ConnectionFlags::default(), &picture).is_err());
    }
}
