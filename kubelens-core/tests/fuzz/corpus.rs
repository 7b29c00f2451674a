//! Real objects with real wordings: the examples of all analyzers' pages.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use kubelens_core::analysis::Analyzer;
use kubelens_core::kubernetes::Kind;
use kubelens_core::registry;
use serde_json::Value;

use crate::world::World;

/// An example of a page.
#[derive(Debug)]
pub(crate) struct Example {
    /// The page's analyzer.
    pub(crate) code: &'static str,
    /// Whether it fires on this.
    pub(crate) fires: bool,
    pub(crate) world: World,
}

/// Each example.
pub(crate) static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| {
    let all = registry().iter().flat_map(|analyzer| examples(analyzer));
    all.filter(|example| !example.world.objects.is_empty())
        .collect()
});

/// The registries that images may come from in some example.
pub(crate) fn registries() -> Vec<String> {
    let blocks = registry().iter().flat_map(|analyzer| blocks(analyzer));
    let lines = blocks.flat_map(|(_, block)| block.lines());
    let asked = lines.filter_map(|line| line.trim().strip_prefix("# registries: "));
    // A host of no example, so that there is always something to say about images.
    let hosts: BTreeSet<String> = asked.flat_map(words).collect();
    let mut hosts: Vec<String> = hosts.into_iter().collect();
    hosts.retain(|host| !host.starts_with("docker.io"));
    hosts
}

fn words(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(|word| word.trim().to_owned())
}

/// The blocks of a page, and whether the analyzer fires on them.
fn blocks(analyzer: &'static Analyzer) -> impl Iterator<Item = (bool, &'static str)> {
    let silent = analyzer.docs.find("# Stays silent on").unwrap_or_default();
    let starts = analyzer.docs.match_indices("```yaml\n");
    starts.filter_map(move |(at, fence)| {
        let block = analyzer.docs.get(at + fence.len()..)?.split("```").next()?;
        Some((at < silent, block))
    })
}

fn examples(analyzer: &'static Analyzer) -> impl Iterator<Item = Example> {
    blocks(analyzer).map(|(fires, block)| Example {
        code: analyzer.code,
        fires,
        world: world(block),
    })
}

/// What a block and the comments that direct it describe.
fn world(block: &str) -> World {
    let text: String = block
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let mut world = World::default();
    let kinds = |list: &str| {
        words(list)
            .filter_map(|kind| Kind::from_name(&kind))
            .collect::<BTreeSet<Kind>>()
    };
    for line in text.lines() {
        if let Some(time) = line.strip_prefix("# now: ") {
            world.now = Some(time.trim().to_owned());
        } else if let Some(version) = line.strip_prefix("# version: ") {
            world.version = Some(version.trim().to_owned());
        } else if let Some(list) = line.strip_prefix("# listed: ") {
            world.listed = kinds(list);
        } else if let Some(list) = line.strip_prefix("# forbidden: ") {
            world.forbidden = kinds(list);
        } else if let Some((place, said)) = line
            .strip_prefix("# log: ")
            .and_then(|log| log.split_once(" | "))
        {
            let path = match place.strip_suffix(" previous") {
                Some(container) => format!("{container}.previous.log"),
                None => format!("{place}.log"),
            };
            let log = world.logs.entry(path).or_default();
            log.push_str(said);
            log.push('\n');
        }
    }
    let documents = text.split("\n---\n").flat_map(repeated);
    let read = documents.map(|document| serde_saphyr::from_str(&document));
    world.objects = read
        .filter_map(|document| document.ok().filter(Value::is_object))
        .collect();
    world
}

/// A document, or as many as it asks for.
fn repeated(document: &str) -> Vec<String> {
    let asked = document
        .lines()
        .find_map(|line| line.strip_prefix("# repeat: "));
    match asked.and_then(|count| count.trim().parse::<u32>().ok()) {
        None => vec![document.to_owned()],
        Some(count) => (1..=count)
            .map(|at| document.replace("$N", &at.to_string()))
            .collect(),
    }
}

#[test]
fn there_are_examples_of_many_kinds() {
    let kinds: BTreeSet<_> = EXAMPLES
        .iter()
        .flat_map(|example| &example.world.objects)
        .filter_map(|object| object["kind"].as_str())
        .collect();
    assert!(EXAMPLES.len() > 300, "{}", EXAMPLES.len());
    assert!(kinds.len() > 30, "{kinds:?}");
}
