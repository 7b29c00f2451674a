//! JSON, as the report contract has it.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::{failure::Failure, terminal::is_dangerous};

/// Indented JSON with a line end.
pub(super) fn pretty(document: &impl Serialize) -> Result<String, Failure> {
    let mut out = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut out, TerminalSafe(PrettyFormatter::new()));
    document
        .serialize(&mut serializer)
        .context("cannot write JSON")?;
    out.push(b'\n');
    Ok(String::from_utf8(out).context("cannot write JSON")?)
}

/// JSON on one line, with a line end.
pub(crate) fn line(document: &impl Serialize) -> Result<String, Failure> {
    let mut out = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut out, TerminalSafe(CompactFormatter));
    document
        .serialize(&mut serializer)
        .context("cannot write JSON")?;
    out.push(b'\n');
    Ok(String::from_utf8(out).context("cannot write JSON")?)
}

/// Escapes what JSON allows in texts and a terminal must not see: C1 controls and characters that
/// reorder text. Whoever reads the JSON gets the same text.
struct TerminalSafe<F>(F);

impl<F: Formatter> Formatter for TerminalSafe<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((place, character)) = rest
            .char_indices()
            .find(|(_, character)| is_dangerous(*character))
        {
            let (before, after) = rest.split_at(place);
            writer.write_all(before.as_bytes())?;
            // All of them lie in the basic plane.
            write!(writer, "\\u{:04x}", u32::from(character))?;
            rest = after.get(character.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::pretty;

    #[test]
    fn what_drives_a_terminal_is_escaped_and_reads_back_the_same() {
        let document = json!({"a": ["x\u{9b}31m\u{202e}y", "größer"], "n": 1});
        let text = pretty(&document)
            .map_err(|failure| failure.to_string())
            .expect("JSON");
        assert!(text.contains(r"x\u009b31m\u202ey"), "{text}");
        assert!(text.contains("größer"));
        assert_eq!(
            serde_json::from_str::<Value>(&text).expect("JSON"),
            document
        );
    }
}
