//! Template text -> parts and steps.

use super::{
    JsonPathError, bracket,
    cursor::Cursor,
    literal,
    step::{Action, Part, Step},
};

/// Filters and unions may nest this deep; more is a mistake or an attack on the stack.
const DEEPEST: usize = 32;

/// A template's parts.
pub(super) fn template(text: &str) -> Result<Vec<Part>, JsonPathError> {
    let mut cursor = Cursor::new(text);
    // The stretch being read, under the ranges that are open around it.
    let mut parts = Vec::new();
    let mut open: Vec<(Vec<Step>, Vec<Part>)> = Vec::new();
    loop {
        let literal = cursor.take_while(|character| character != '{');
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        let start = cursor.at();
        if cursor.bump().is_none() {
            break;
        }
        match block(&mut cursor, start)? {
            Block::Print(steps) => parts.push(Part::Print(steps)),
            Block::Range(over) => open.push((over, std::mem::take(&mut parts))),
            Block::End => {
                let (over, outer) = open
                    .pop()
                    .ok_or_else(|| JsonPathError::new(start, "{end} has no {range …} before it"))?;
                let body = std::mem::replace(&mut parts, outer);
                parts.push(Part::Range { over, body });
            }
        }
    }
    // kubectl takes a range without its end to run to the end of the template.
    while let Some((over, outer)) = open.pop() {
        let body = std::mem::replace(&mut parts, outer);
        parts.push(Part::Range { over, body });
    }
    Ok(parts)
}

/// The steps of one expression, braces and leading dot being optional.
pub(super) fn expression(text: &str) -> Result<Vec<Step>, JsonPathError> {
    let (inner, mut offset) = match text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        Some(inner) => (inner, 1),
        None => (text, 0),
    };
    let dotted = if inner.starts_with(['.', '[', '@', '$']) {
        inner.to_owned()
    } else {
        // The dot that we add stands where no character of the user's does.
        offset = usize::saturating_sub(offset, 1);
        format!(".{inner}")
    };
    let mut cursor = Cursor::inside(&dotted, offset);
    let steps = Steps {
        stops: "",
        depth: 0,
    }
    .read(&mut cursor)?;
    match cursor.peek() {
        None => Ok(steps),
        Some(other) => Err(unexpected(cursor.at(), other)),
    }
}

enum Block {
    Print(Vec<Step>),
    Range(Vec<Step>),
    End,
}

/// What stands between `{`, which was read, and `}`.
fn block(cursor: &mut Cursor, start: usize) -> Result<Block, JsonPathError> {
    cursor.skip_blanks();
    let keyword = ["range", "end"]
        .into_iter()
        .find(|word| starts_with_word(cursor, word));
    if let Some(word) = keyword {
        cursor.eat(word);
    }
    let steps = Steps {
        stops: "}",
        depth: 0,
    }
    .read(cursor)?;
    if !cursor.eat("}") {
        return Err(JsonPathError::new(start, "this `{` is never closed"));
    }
    Ok(match keyword {
        Some("range") => Block::Range(steps),
        Some(_) => Block::End,
        None => Block::Print(steps),
    })
}

fn starts_with_word(cursor: &Cursor, word: &str) -> bool {
    let length = word.chars().count();
    word.chars()
        .enumerate()
        .all(|(ahead, wanted)| cursor.peek_after(ahead) == Some(wanted))
        && cursor.peek_after(length).is_none_or(ends_name)
}

/// Reads steps until the template ends or one of `stops` comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps<'a> {
    pub(super) stops: &'a str,
    pub(super) depth: usize,
}

impl Steps<'_> {
    pub(super) fn read(self, cursor: &mut Cursor) -> Result<Vec<Step>, JsonPathError> {
        if self.depth > DEEPEST {
            return Err(JsonPathError::new(cursor.at(), "nested too deep"));
        }
        let mut steps = Vec::new();
        loop {
            cursor.skip_blanks();
            let at = cursor.at();
            let Some(character) = cursor.peek() else {
                return Ok(steps);
            };
            if self.stops.contains(character) {
                return Ok(steps);
            }
            let action = match character {
                '@' | '$' => {
                    cursor.bump();
                    continue;
                }
                '.' => self.dotted(cursor, steps.last())?,
                '[' => {
                    steps.extend(bracket::read(cursor, self.depth)?);
                    continue;
                }
                '"' | '\'' => literal::quoted(cursor)?,
                '+' | '-' | '0'..='9' => literal::number(cursor)?,
                other if other.is_alphanumeric() || other == '_' => self.word(cursor)?,
                other => return Err(unexpected(at, other)),
            };
            steps.push(Step { at, action });
        }
    }

    /// `.name`, `.*` or `..`.
    fn dotted(self, cursor: &mut Cursor, before: Option<&Step>) -> Result<Action, JsonPathError> {
        let at = cursor.at();
        cursor.bump();
        if cursor.peek() != Some('.') {
            return Ok(self.field(cursor));
        }
        if before.is_some_and(|step| step.action == Action::Recursive)
            || cursor.peek_after(1) == Some('.')
        {
            return Err(JsonPathError::new(at, "`..` stands twice in a row"));
        }
        // In `..name` the second dot is the field's own.
        let names_a_field = cursor
            .peek_after(1)
            .is_some_and(|next| next.is_alphanumeric() || "_*\\".contains(next));
        if !names_a_field {
            cursor.bump();
        }
        Ok(Action::Recursive)
    }

    /// The name behind a dot; `\` takes the meaning from the character that follows it.
    fn field(self, cursor: &mut Cursor) -> Action {
        let mut name = String::new();
        let mut escaped = false;
        while let Some(character) = cursor.peek() {
            if character == '\\' {
                cursor.bump();
                name.extend(cursor.bump());
                escaped = true;
            } else if ends_name(character) || self.stops.contains(character) {
                break;
            } else {
                name.push(character);
                cursor.bump();
            }
        }
        if name == "*" && !escaped {
            Action::Wildcard
        } else {
            Action::Field(name)
        }
    }

    /// `true`, `false`, or a name that lacks its dot.
    fn word(self, cursor: &mut Cursor) -> Result<Action, JsonPathError> {
        let at = cursor.at();
        let word =
            cursor.take_while(|character| !ends_name(character) && !self.stops.contains(character));
        match word.as_str() {
            "true" | "True" | "TRUE" => Ok(Action::Literal(true.into())),
            "false" | "False" | "FALSE" => Ok(Action::Literal(false.into())),
            "range" | "end" => Err(JsonPathError::new(
                at,
                format!("`{word}` must come first in its braces"),
            )),
            _ => Err(JsonPathError::new(
                at,
                format!("`{word}` is not known here (a field is written `.{word}`)"),
            )),
        }
    }
}

/// Whether a name ends before this character.
fn ends_name(character: char) -> bool {
    character.is_whitespace() || ".,[]$@{}".contains(character)
}

fn unexpected(at: usize, character: char) -> JsonPathError {
    let way_out = match character {
        '&' | '|' => " (there is no `&&` and no `||`: write one filter behind the other)",
        '(' => " (a filter is written `[?(…)]`)",
        _ => "",
    };
    JsonPathError::new(
        at,
        format!(
            "`{}` is not expected here{way_out}",
            character.escape_default()
        ),
    )
}
