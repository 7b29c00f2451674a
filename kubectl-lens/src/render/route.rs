//! Whether a fault reaches a symptom, for people and for programs.

use kubelens_core::model::{Cause, Report};

use super::{Format, Printout, View, data, json, markdown::plain, tree};
use crate::{
    failure::Failure,
    route::{Route, Way},
    terminal::{Page, Span, Theme},
};

/// Causes that are named before the rest is only counted.
const NAMED: usize = 5;

/// The answer in this format; `checks` is how many analyzers looked.
pub(crate) fn route(
    route: &Route<'_>,
    report: &Report,
    checks: usize,
    format: &Format,
    view: &View,
) -> Result<Printout, Failure> {
    Ok(match format {
        Format::Human | Format::Wide => Printout::Styled(human(route, report, checks, view)),
        Format::Markdown => Printout::Exact(markdown(route)),
        Format::Json => Printout::Exact(json::pretty(route)?),
        Format::Yaml | Format::JsonPath(_) | Format::Columns(_) => {
            Printout::Exact(data::print(&serde_json::to_value(route)?, "ways", format)?)
        }
        _ => {
            return Err(Failure::new("why A B does not have this format").way_out(
                "-o human, markdown, json, yaml, jsonpath=TEMPLATE or custom-columns=SPEC",
            ));
        }
    })
}

fn human(route: &Route<'_>, report: &Report, checks: usize, view: &View) -> String {
    let mut page = Page::new(view.width);
    let (from, to) = (route.from.to_string(), route.to.to_string());
    if route.reaches {
        page.hanging(
            &[Span::new("Yes: ", Theme::BAD)],
            &[Span::new(
                format!("what is wrong with {from} reaches {to}"),
                Theme::TITLE,
            )],
        );
        for way in &route.ways {
            steps(way, &mut page);
        }
        return page.into_text();
    }
    page.hanging(
        &[Span::new("No: ", Theme::GOOD)],
        &[Span::new(
            format!("no fault of {from} was found to reach {to}"),
            Theme::TITLE,
        )],
    );
    for way in &route.backward {
        page.hanging(
            &[],
            &[Span::plain(format!(
                "The other way round it does: {to} reaches {from}"
            ))],
        );
        steps(way, &mut page);
    }
    about(&from, &route.about_from, &mut page);
    about(&to, &route.about_to, &mut page);
    page.hanging(
        &[Span::new("  Looked   ", Theme::LABEL)],
        &[Span::plain(format!(
            "at the chains of {} causes, found by {checks} analyzers over {} objects",
            report.causes.len(),
            report.summary.objects
        ))],
    );
    tree::unknown(report, "", &mut page);
    page.into_text()
}

fn steps(way: &Way<'_>, page: &mut Page) {
    let Some(first) = way.links.first() else {
        return;
    };
    page.hanging(
        &[Span::plain("  ")],
        &[Span::plain(first.cause.to_string())],
    );
    for (depth, link) in way.links.iter().enumerate() {
        let margin = format!("  {}└─ ", "   ".repeat(depth));
        let spans = tree::step(&link.effect, link.count, &link.relation);
        page.hanging(&[Span::new(&margin, Theme::QUIET)], &spans);
        for item in link
            .evidence
            .iter()
            .filter_map(|at| way.cause.evidence.get(*at))
        {
            let indent = " ".repeat(margin.chars().count());
            page.hanging(
                &[Span::plain(indent)],
                &[Span::new(super::human::proof_statement(item), Theme::QUIET)],
            );
        }
    }
    page.hanging(
        &[Span::new("  Cause    ", Theme::LABEL)],
        &[
            Span::plain(&way.cause.title),
            Span::new(format!("  {}", way.cause.code), Theme::QUIET),
        ],
    );
}

fn about(object: &str, causes: &[&Cause], page: &mut Page) {
    let head = [Span::new("  Known    ", Theme::LABEL)];
    if causes.is_empty() {
        return page.hanging(
            &head,
            &[Span::plain(format!("nothing is wrong with {object}"))],
        );
    }
    for cause in causes.iter().take(NAMED) {
        page.hanging(
            &head,
            &[
                Span::plain(format!("{object}: {}", cause.title)),
                Span::new(format!("  {}", cause.code), Theme::QUIET),
            ],
        );
    }
    if causes.len() > NAMED {
        page.hanging(
            &head,
            &[Span::plain(format!(
                "{object}: {} more causes",
                causes.len() - NAMED
            ))],
        );
    }
}

fn markdown(route: &Route<'_>) -> String {
    let (from, to) = (plain(&route.from.to_string()), plain(&route.to.to_string()));
    if !route.reaches {
        return format!("**No**: no fault of {from} was found to reach {to}\n");
    }
    let mut out = format!("**Yes**: what is wrong with {from} reaches {to}\n");
    for way in &route.ways {
        out.push_str(&format!(
            "\n{} ({})\n\n",
            plain(&way.cause.title),
            way.cause.code
        ));
        for link in &way.links {
            out.push_str(&format!(
                "1. {} → {} ({})\n",
                plain(&link.cause.to_string()),
                plain(&link.effect.to_string()),
                plain(&link.relation)
            ));
        }
    }
    out
}
