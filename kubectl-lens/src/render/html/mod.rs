//! One page that needs nothing else: to open in a browser, to send, to print.
//!
//! The template escapes whatever it is given. Should that ever fail, the page's own policy still
//! lets no script run but ours and nothing be loaded from anywhere.

mod chain;
mod page;

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use kubelens_core::model::Report;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context, value::Serde};
use sha2::{Digest, Sha256};

use self::page::Page;
use crate::failure::Failure;

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The report as a page. All causes are in it: the page itself filters.
pub(super) fn report(report: &Report) -> Result<String, Failure> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = environment
        .syntax()
        .to_builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .context("cannot write HTML")?;
    environment.set_syntax(syntax);
    let page = context! {
        page => Serde(Page::new(report)),
        style => STYLE,
        script => SCRIPT,
        style_source => source(STYLE),
        script_source => source(SCRIPT),
    };
    Ok(environment
        .render_str(TEMPLATE, page)
        .context("cannot write HTML")?)
}

/// What a content security policy calls exactly this text.
fn source(text: &str) -> String {
    format!(
        "'sha256-{}'",
        BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}
