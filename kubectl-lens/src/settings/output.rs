//! How the answer is printed, and where to.

use std::io::IsTerminal;

use crate::{
    cli::OutputFlags,
    destination::Destination,
    failure::Failure,
    render::Format,
    terminal::{self, Progress, Streams},
};

/// Columns where nobody says how many there are.
const USUAL_WIDTH: usize = 80;

/// How and where to print.
#[derive(Debug, Clone)]
pub(crate) struct OutputSettings {
    /// What to print; at most one of them goes to standard output.
    pub(crate) outputs: Vec<Output>,
    pub(crate) streams: Streams,
    pub(crate) progress: Progress,
}

/// The answer once, in one format.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) destination: Destination,
    /// Columns to lay the answer out for.
    pub(crate) width: usize,
    /// Columns for lists; without end where a program reads on, which finds a row in one line.
    pub(crate) table_width: usize,
}

impl OutputSettings {
    /// What the flags mean. Fails where an output can not be written, before any work is done.
    pub(crate) fn new(flags: &OutputFlags) -> Result<Self, Failure> {
        let streams = Streams::new(flags.color);
        // Log lines and moving lines would write over each other.
        let moves = !flags.no_progress && flags.verbose == 0 && std::io::stderr().is_terminal();
        Ok(Self {
            outputs: outputs(flags)?,
            streams,
            progress: Progress::new(moves, streams),
        })
    }
}

impl Output {
    fn new(format: Format, destination: Destination) -> Self {
        let columns = match destination {
            Destination::StandardOutput => terminal::columns(),
            // What a file looks like must not hang on the terminal that it was made in.
            Destination::File(_) => None,
        };
        let table_width = columns.map_or(usize::MAX, |columns| columns.max(40));
        Self {
            width: match format {
                Format::Table => table_width,
                _ => columns.unwrap_or(USUAL_WIDTH).clamp(40, 160),
            },
            table_width,
            format,
            destination,
        }
    }

    /// `json`, `jsonpath={.causes[*].code}`, `html=report.html`, `json=-`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        match text.split_once('=') {
            Some((name, file)) if !name.is_empty() && !Format::takes_argument(name) => {
                let format = Format::parse(name)?;
                if file.is_empty() {
                    return Err(Failure::new(format!("-o {text} names no file"))
                        .way_out(format!("-o {name}=FILE, or -o {name}")));
                }
                Ok(Self::new(format, Destination::of(file)))
            }
            _ => Ok(Self::new(Format::parse(text)?, Destination::StandardOutput)),
        }
    }
}

fn outputs(flags: &OutputFlags) -> Result<Vec<Output>, Failure> {
    let words: Vec<&str> = match flags.output.as_slice() {
        [] => vec![""],
        given => given.iter().map(String::as_str).collect(),
    };
    let mut outputs = words
        .iter()
        .map(|word| Output::parse(word))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = &flags.output_file {
        let [only] = outputs.as_mut_slice() else {
            return Err(Failure::new(format!(
                "--output-file is for one output, and there are {}: {}",
                words.len(),
                named(&words)
            ))
            .way_out("-o FORMAT=FILE for each of them"));
        };
        if only.destination != Destination::StandardOutput {
            return Err(Failure::new(format!(
                "{} and --output-file {file} both name a file",
                named(&words)
            ))
            .way_out("choose one"));
        }
        *only = Output::new(only.format.clone(), Destination::of(file));
    }
    all_apart(&words, &outputs)?;
    for output in &outputs {
        output.destination.check()?;
    }
    Ok(outputs)
}

/// No two outputs go to one place.
fn all_apart(words: &[&str], outputs: &[Output]) -> Result<(), Failure> {
    let places: Vec<_> = outputs
        .iter()
        .map(|output| output.destination.resolved())
        .collect();
    for (second, (word, output)) in words.iter().zip(outputs).enumerate() {
        let same = |first: &usize| {
            outputs.get(*first).map(|other| &other.destination) == Some(&output.destination)
                || (places.get(second).is_some_and(Option::is_some)
                    && places.get(*first) == places.get(second))
        };
        let Some(first) = (0..second).find(same).and_then(|first| words.get(first)) else {
            continue;
        };
        let both = format!("-o {first} and -o {word} both go to");
        return Err(match &output.destination {
            Destination::StandardOutput => Failure::new(format!("{both} standard output"))
                .way_out("-o FORMAT=FILE writes to a file"),
            Destination::File(path) => Failure::new(format!("{both} {}", path.display()))
                .way_out("a file for each of them"),
        });
    }
    Ok(())
}

fn named(words: &[&str]) -> String {
    let flags: Vec<String> = words.iter().map(|word| format!("-o {word}")).collect();
    flags.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Destination, Output, OutputFlags, outputs};
    use crate::render::Format;

    fn places(words: &[&str], file: Option<&str>) -> Result<Vec<(Format, Destination)>, String> {
        let flags = OutputFlags {
            output: words.iter().map(ToString::to_string).collect(),
            output_file: file.map(ToOwned::to_owned),
            ..OutputFlags::default()
        };
        outputs(&flags)
            .map(|outputs| {
                outputs
                    .into_iter()
                    .map(|output| (output.format, output.destination))
                    .collect()
            })
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_follows_a_format_is_its_file_and_what_follows_jsonpath_is_its_template() {
        assert_eq!(
            places(&["json=a=b.json", "human"], None),
            Ok(vec![
                (Format::Json, Destination::File("a=b.json".into())),
                (Format::Human, Destination::StandardOutput),
            ])
        );
        let template = Output::parse("jsonpath={.a}=x")
            .map_err(|failure| failure.to_string())
            .expect("an output");
        assert!(matches!(template.format, Format::JsonPath(_)));
        assert_eq!(template.destination, Destination::StandardOutput);
        assert_eq!(
            places(&["yaml=-"], None),
            Ok(vec![(Format::Yaml, Destination::StandardOutput)])
        );
    }

    #[test]
    fn output_file_gives_the_one_output_its_file() {
        let file = Destination::File("codes.txt".into());
        let [(format, destination)] = places(&["jsonpath={.a}"], Some("codes.txt"))
            .expect("an output")
            .try_into()
            .expect("one output");
        assert!(matches!(format, Format::JsonPath(_)));
        assert_eq!(destination, file);
        assert_eq!(
            places(&[], Some("codes.txt")),
            Ok(vec![(Format::Human, file)])
        );
    }

    #[test]
    fn two_spellings_of_one_file_are_one_file() {
        let told = places(&["json=x", "yaml=./x"], None).expect_err("an error");
        assert!(
            told.starts_with("error: -o json=x and -o yaml=./x both go to ./x"),
            "{told}"
        );
    }
}
