//! `[?(@.a == "b")]`: which items of a list to keep.

use super::{
    JsonPathError,
    cursor::Cursor,
    parse::Steps,
    step::{Operator, Test},
};

/// Reads a filter whose `[?(` was read and began at `start`, up to and with its `)]`.
pub(super) fn read(cursor: &mut Cursor, start: usize, depth: usize) -> Result<Test, JsonPathError> {
    let unclosed = || JsonPathError::new(start, "this filter is never closed: `[?(` needs `)]`");
    let left = Steps {
        stops: "!<>=)",
        depth: depth + 1,
    }
    .read(cursor)?;
    let at = cursor.at();
    let word = cursor.take_while(|character| "!<>=".contains(character));
    let test = if word.is_empty() {
        Test::Exists(left)
    } else {
        let operator = operator(&word).ok_or_else(|| {
            JsonPathError::new(
                at,
                format!("`{word}` compares nothing (known: == != < <= > >=)"),
            )
        })?;
        let right_at = cursor.at();
        let right = Steps {
            stops: ")",
            depth: depth + 1,
        }
        .read(cursor)?;
        if right.is_empty() && cursor.peek() == Some(')') {
            return Err(JsonPathError::new(
                right_at,
                format!("nothing stands behind `{word}`"),
            ));
        }
        Test::Compare {
            left,
            operator,
            right,
        }
    };
    if !cursor.eat(")") {
        return Err(unclosed());
    }
    if cursor.eat("]") {
        Ok(test)
    } else {
        Err(unclosed())
    }
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        "==" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        _ => return None,
    })
}
