//! What expressions can call: CEL's own functions, three of ours, and the ones that `guard` puts in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelString, DYN_TYPE, STRING_TYPE,
};
use cel::common::value::{CowVal, Val};
use cel::{Env, ExecutionError};
use regex::{Regex, RegexBuilder};

use super::budget;
use super::mapping::Mapping;
use crate::model::Quantity;

/// Asks for what the value is worth before it is used again: a JSON object is shared, so it is worth little.
pub(super) const COST: &str = "@cost";
/// The same, all that is in it counted: for comparisons.
pub(super) const WEIGHT: &str = "@weight";
/// The same for what a loop runs over, which needs an order.
pub(super) const RANGE: &str = "@range";

/// What rules can call, operators aside.
pub(super) const KNOWN: &[&str] = &[
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "int",
    "matches",
    "quantity",
    "secondsSince",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];

/// Longest regular expression, the most memory one may take, and how many are kept a thread.
const LONGEST_PATTERN: usize = 1000;
const MOST_PATTERN_BYTES: usize = 1 << 18;
const MOST_PATTERNS: usize = 64;

/// Steps that making a regular expression takes.
const PATTERN_STEPS: u64 = 500;

type Call<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// The functions; none if the evaluator does not take them, which a test would have told.
pub(super) static ENVIRONMENT: LazyLock<Option<Arc<Env>>> =
    LazyLock::new(|| environment().ok().map(Arc::new));

fn environment() -> Result<Env, cel::DeclarationError> {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_overload(COST, "cost_dyn", vec![DYN_TYPE], cost)?;
    env.add_overload(WEIGHT, "weight_dyn", vec![DYN_TYPE], weight)?;
    env.add_overload(RANGE, "range_dyn", vec![DYN_TYPE], range)?;
    env.add_overload(
        "matches",
        "matches_string",
        vec![STRING_TYPE, STRING_TYPE],
        matches,
    )?;
    env.add_member_overload(
        "matches",
        "string_matches",
        STRING_TYPE,
        vec![STRING_TYPE],
        matches,
    )?;
    env.add_overload("quantity", "quantity_dyn", vec![DYN_TYPE], quantity)?;
    env.add_overload(
        "secondsSince",
        "seconds_since_string",
        vec![STRING_TYPE],
        seconds_since,
    )?;
    Ok(env)
}

fn first<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Call<'b, 'v> {
    args.into_iter()
        .next()
        .ok_or_else(ExecutionError::missing_argument_or_target)
}

fn spent() -> ExecutionError {
    ExecutionError::function_error("budget", "the steps of this evaluation are used up")
}

fn charged(steps: u64) -> Result<(), ExecutionError> {
    budget::take(steps).then_some(()).ok_or_else(spent)
}

fn cost<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Call<'b, 'v> {
    let value = first(args)?;
    charged(worth(value.as_ref(), false))?;
    Ok(value)
}

fn weight<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Call<'b, 'v> {
    let value = first(args)?;
    charged(worth(value.as_ref(), true))?;
    Ok(value)
}

fn range<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Call<'b, 'v> {
    let value = first(args)?;
    charged(worth(value.as_ref(), false))?;
    match value.downcast_ref::<CelMap<'_>>() {
        Some(map) if map.inner().len() > 1 => Err(ExecutionError::function_error(
            "loop",
            "a map written in an expression has no order to loop in; write a list",
        )),
        _ => match value.downcast_ref::<Mapping>() {
            Some(fields) => {
                charged(fields.fields().count() as u64)?;
                Ok(value)
            }
            None => Ok(value),
        },
    }
}

/// What copying the value costs; `is_deep` counts what is in shared objects too.
fn worth(value: &dyn Val, is_deep: bool) -> u64 {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return 1 + text.inner().len() as u64 / 16;
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        let items = list.inner().iter();
        return 1 + items.map(|item| worth(&**item, is_deep)).sum::<u64>();
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let items = map.inner().values();
        return 1 + items.map(|item| worth(&**item, is_deep)).sum::<u64>();
    }
    match value.downcast_ref::<Mapping>() {
        Some(fields) if is_deep => fields.weight(),
        _ => 1,
    }
}

fn text<'a>(value: &'a CowVal<'_, '_>) -> Result<&'a str, ExecutionError> {
    value
        .downcast_ref::<CelString<'_>>()
        .map(|text| text.inner())
        .ok_or_else(ExecutionError::missing_argument_or_target)
}

thread_local! {
    static PATTERNS: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

/// The evaluator's own has no bounds.
fn matches<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Call<'b, 'v> {
    let [subject, pattern] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    let (subject, pattern) = (text(subject)?, text(pattern)?);
    charged(1 + subject.len() as u64 / 16)?;
    let wrong = |words: String| ExecutionError::function_error("matches", words);
    let is_match = PATTERNS.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return Ok(regex.is_match(subject));
        }
        charged(PATTERN_STEPS)?;
        let regex = bounded(pattern).map_err(wrong)?;
        let is_match = regex.is_match(subject);
        if known.len() >= MOST_PATTERNS {
            known.clear();
        }
        known.insert(pattern.to_owned(), regex);
        Ok(is_match)
    })?;
    Ok(CowVal::owned(CelBool::from(is_match)))
}

/// A regular expression that is not too large.
pub(super) fn bounded(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(format!("a pattern of more than {LONGEST_PATTERN} bytes"));
    }
    RegexBuilder::new(pattern)
        .size_limit(MOST_PATTERN_BYTES)
        .dfa_size_limit(MOST_PATTERN_BYTES)
        .nest_limit(50)
        .build()
        .map_err(|error| {
            error
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned()
        })
}

/// `quantity('1500m')` is 1.5; a number is itself.
fn quantity<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Call<'b, 'v> {
    let value = first(args)?;
    #[allow(
        clippy::cast_precision_loss,
        reason = "quantities are compared, not counted"
    )]
    let number = if let Some(whole) = value.downcast_ref::<CelInt>() {
        *whole.inner() as f64
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        *number.inner()
    } else {
        let text = text(&value)?;
        text.parse::<Quantity>()
            .map_err(|_| ExecutionError::function_error("quantity", "this is no quantity"))?
            .as_f64()
    };
    Ok(CowVal::owned(CelDouble::from(number)))
}

/// Seconds from an RFC 3339 time to the picture's, at least 0.
fn seconds_since<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Call<'b, 'v> {
    let value = first(args)?;
    let then: jiff::Timestamp = text(&value)?
        .parse()
        .map_err(|_| ExecutionError::function_error("secondsSince", "this is no time"))?;
    let seconds = (budget::now() - then.as_second()).max(0);
    Ok(CowVal::owned(CelInt::from(seconds)))
}
