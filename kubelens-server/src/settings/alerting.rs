use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::Secret;
use super::reader::Reader;

/// Alert channels and chat notices. Webhook addresses are secrets: who has one can post.
#[derive(Debug, Clone)]
pub struct Alerting {
    /// For one delivery.
    pub timeout: Duration,
    /// Alertmanager's address for alerts.
    pub alertmanager: Option<Secret>,
    /// Slack's webhook for alerts.
    pub slack: Option<Secret>,
    /// PagerDuty's events address.
    pub pagerduty_url: Option<Url>,
    /// Without it PagerDuty is no channel.
    pub pagerduty_key: Option<Secret>,
    /// Slack's webhook for chat notices.
    pub chat_webhook: Option<Secret>,
    /// The browser UI's address, for links in notices.
    pub chat_base_url: Option<Url>,
    /// Which notices are sent.
    pub notify: Notify,
}

/// Which chat notices are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notify {
    /// Incidents opened and resolved.
    pub incidents: bool,
    /// Proposals made and executed.
    pub remediations: bool,
    /// Postmortems written.
    pub postmortems: bool,
    /// What the assistant found.
    pub assistant_findings: bool,
}

impl Alerting {
    /// Whether an alert would reach anyone.
    pub fn has_channel(&self) -> bool {
        let pagerduty = self.pagerduty_url.is_some() && self.pagerduty_key.is_some();
        self.alertmanager.is_some() || self.slack.is_some() || pagerduty
    }

    /// The addresses that text of a cluster is sent to, by the name of their setting.
    pub(super) fn addresses(&self) -> Vec<(&'static str, Url)> {
        let secret = |name, address: &Option<Secret>| {
            let url = Url::parse(address.as_ref()?.expose_secret()).ok()?;
            Some((name, url))
        };
        let pagerduty = self
            .pagerduty_url
            .clone()
            .map(|url| ("PAGERDUTY_EVENTS_URL", url));
        [
            secret("ALERTMANAGER_WEBHOOK_URL", &self.alertmanager),
            secret("SLACK_WEBHOOK_URL", &self.slack),
            secret("CHATOPS_SLACK_WEBHOOK_URL", &self.chat_webhook),
            pagerduty,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Alerting {
    let mut webhook = |name| {
        reader.url(name, "");
        reader.secret(name)
    };
    let alertmanager = webhook("ALERTMANAGER_WEBHOOK_URL");
    let slack = webhook("SLACK_WEBHOOK_URL");
    let chat_webhook = webhook("CHATOPS_SLACK_WEBHOOK_URL");
    Alerting {
        timeout: reader.seconds("ALERT_TIMEOUT_SECONDS", 5, 1..=60),
        alertmanager,
        slack,
        pagerduty_url: reader.url(
            "PAGERDUTY_EVENTS_URL",
            "https://events.pagerduty.com/v2/enqueue",
        ),
        pagerduty_key: reader.secret("PAGERDUTY_ROUTING_KEY"),
        chat_webhook,
        chat_base_url: reader.url("CHATOPS_BASE_URL", "http://localhost:5173"),
        notify: Notify {
            incidents: reader.flag("CHATOPS_NOTIFY_INCIDENTS", true),
            remediations: reader.flag("CHATOPS_NOTIFY_REMEDIATIONS", true),
            postmortems: reader.flag("CHATOPS_NOTIFY_POSTMORTEMS", true),
            assistant_findings: reader.flag("CHATOPS_NOTIFY_ASSISTANT_FINDINGS", false),
        },
    }
}
