use super::example::{HEADINGS, blocks, sightings};
use crate::analyzers::registry;
use crate::snapshot::example::picture;

#[test]
fn every_page_has_all_headings_in_order() {
    for analyzer in registry() {
        let mut rest = analyzer.docs;
        for heading in HEADINGS {
            let line = format!("# {heading}\n");
            let (_, after) = rest.split_once(&line).unwrap_or_else(|| {
                panic!(
                    "{}: heading `{heading}` is missing or out of order",
                    analyzer.code
                )
            });
            rest = after;
        }
    }
}

#[test]
fn every_analyzer_fires_on_its_example() {
    for analyzer in registry() {
        let examples = blocks(analyzer.docs, "Fires on");
        assert!(
            !examples.is_empty(),
            "{}: no example to fire on",
            analyzer.code
        );
        for example in examples {
            let seen = sightings(analyzer, &picture(example));
            assert!(
                !seen.is_empty(),
                "{} stays silent on:\n{example}",
                analyzer.code
            );
            for sighting in seen {
                assert!(
                    !sighting.evidence.is_empty(),
                    "{}: no evidence",
                    analyzer.code
                );
                assert!(
                    !sighting.title.is_empty() && !sighting.explanation.is_empty(),
                    "{}",
                    analyzer.code
                );
                assert!(
                    !sighting.subject.name.is_empty(),
                    "{}: subject without a name",
                    analyzer.code
                );
            }
        }
    }
}

#[test]
fn every_analyzer_stays_silent_on_its_counter_example() {
    for analyzer in registry() {
        let examples = blocks(analyzer.docs, "Stays silent on");
        assert!(
            !examples.is_empty(),
            "{}: no counter-example",
            analyzer.code
        );
        for example in examples {
            let seen = sightings(analyzer, &picture(example));
            assert!(
                seen.is_empty(),
                "{} fires ({}) on:\n{example}",
                analyzer.code,
                seen.first().map_or("", |seen| &seen.title)
            );
        }
    }
}
