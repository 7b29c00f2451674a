//! What stands in brackets: keys, indexes, slices, unions, filters.

use super::{
    JsonPathError,
    cursor::Cursor,
    filter, literal,
    parse::Steps,
    step::{Action, End, Slice, Step},
};

/// Reads `[…]` and gives its steps: one, or several where a quoted key is a path.
pub(super) fn read(cursor: &mut Cursor, depth: usize) -> Result<Vec<Step>, JsonPathError> {
    let at = cursor.at();
    if cursor.eat("[?(") {
        let test = filter::read(cursor, at, depth)?;
        return Ok(vec![Step {
            at,
            action: Action::Filter(test),
        }]);
    }
    cursor.bump();
    let mut choices = Vec::new();
    loop {
        cursor.skip_blanks();
        choices.push(choice(cursor, depth)?);
        cursor.skip_blanks();
        let stopped = cursor.at();
        match cursor.bump() {
            Some(',') => {}
            Some(']') => break,
            Some(other) => {
                return Err(JsonPathError::new(
                    stopped,
                    format!(
                        "`{}` in brackets: expected a number, `1:3`, `*`, `'key'` or `?(…)`",
                        other.escape_default()
                    ),
                ));
            }
            None => return Err(JsonPathError::new(at, "this `[` is never closed")),
        }
    }
    Ok(match choices.pop() {
        Some(only) if choices.is_empty() => only,
        last => {
            choices.extend(last);
            vec![Step {
                at,
                action: Action::Union(choices),
            }]
        }
    })
}

/// One of the things between the commas.
fn choice(cursor: &mut Cursor, depth: usize) -> Result<Vec<Step>, JsonPathError> {
    let at = cursor.at();
    match cursor.peek() {
        Some(quote @ ('\'' | '"')) => {
            cursor.bump();
            let key = cursor.take_while(|character| character != quote);
            if cursor.bump().is_none() {
                return Err(literal::unclosed_quote(at));
            }
            let mut path = Cursor::inside(&format!(".{key}"), at);
            Steps {
                stops: "",
                depth: depth + 1,
            }
            .read(&mut path)
        }
        Some('*') => {
            cursor.bump();
            Ok(vec![Step {
                at,
                action: Action::Slice(Slice {
                    from: 0,
                    to: End::Open,
                    every: 1,
                }),
            }])
        }
        _ => Ok(vec![Step {
            at,
            action: Action::Slice(slice(cursor)?),
        }]),
    }
}

/// `2`, `-1`, `1:3`, `::2`.
fn slice(cursor: &mut Cursor) -> Result<Slice, JsonPathError> {
    let from = index(cursor)?.unwrap_or(0);
    if !cursor.eat(":") {
        return Ok(Slice {
            from,
            to: End::AfterOne,
            every: 1,
        });
    }
    let to = index(cursor)?.map_or(End::Open, End::Before);
    let mut every = 1;
    if cursor.eat(":") {
        let at = cursor.at();
        if let Some(step) = index(cursor)? {
            every = usize::try_from(step)
                .ok()
                .filter(|step| *step > 0)
                .ok_or_else(|| JsonPathError::new(at, "a slice's step must be 1 or more"))?;
        }
    }
    Ok(Slice { from, to, every })
}

fn index(cursor: &mut Cursor) -> Result<Option<i64>, JsonPathError> {
    let at = cursor.at();
    let sign = if cursor.eat("-") { "-" } else { "" };
    let digits = cursor.take_while(|character| character.is_ascii_digit());
    if digits.is_empty() && sign.is_empty() {
        return Ok(None);
    }
    let text = format!("{sign}{digits}");
    text.parse()
        .map(Some)
        .map_err(|_| JsonPathError::new(at, format!("`{text}` is not an index")))
}
