use std::collections::BTreeMap;
use std::fmt::Write;

use kubelens_core::analysis::{Analyzer, Family, Role};
use kubelens_core::registry;

use crate::{check_generated, workspace};

#[test]
fn every_analyzer_has_its_page_in_the_book() {
    let folder = workspace().join("docs/src/analyzers");
    for analyzer in registry() {
        check_generated(
            &folder.join(format!("{}.md", analyzer.code)),
            &page(analyzer),
        );
    }
    let stray: Vec<String> = std::fs::read_dir(&folder)
        .expect("the pages")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name != "README.md")
        .filter(|name| {
            !registry()
                .iter()
                .any(|analyzer| *name == format!("{}.md", analyzer.code))
        })
        .collect();
    assert_eq!(
        stray,
        Vec::<String>::new(),
        "pages of analyzers that are gone"
    );
}

#[test]
fn the_book_lists_every_analyzer() {
    let source = workspace().join("docs/src");
    let mut by_family: BTreeMap<Family, Vec<&Analyzer>> = BTreeMap::new();
    for analyzer in registry() {
        by_family
            .entry(Family::of(analyzer.code).expect("a family"))
            .or_default()
            .push(analyzer);
    }
    let mut table = String::from("# Analyzers\n\nGenerated from the analyzers themselves.\n");
    let mut summary = std::fs::read_to_string(source.join("SUMMARY.head.md"))
        .expect("the hand-written part of the summary");
    summary.push_str("\n- [Analyzers](analyzers/README.md)\n");
    for (family, analyzers) in by_family {
        let _ = write!(
            table,
            "\n## {}\n\n| code | condition | severity | confidence | profile | other tools |\n|---|---|---|---|---|---|\n",
            family.title()
        );
        for analyzer in analyzers {
            let _ = writeln!(
                table,
                "| [{code}]({code}.md) | {name} | {severity} | {confidence:.2} | {profiles} | {maps} |",
                code = analyzer.code,
                name = analyzer.name,
                severity = analyzer.severity,
                confidence = analyzer.confidence,
                profiles = profiles(analyzer),
                maps = analyzer.maps_to.join(", "),
            );
            let _ = writeln!(
                summary,
                "  - [{0} {1}](analyzers/{0}.md)",
                analyzer.code, analyzer.name
            );
        }
    }
    check_generated(&source.join("analyzers/README.md"), &table);
    check_generated(&source.join("SUMMARY.md"), &summary);
}

fn profiles(analyzer: &Analyzer) -> String {
    let names = analyzer.profiles.iter().map(|profile| profile.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn page(analyzer: &Analyzer) -> String {
    let role = match analyzer.role {
        Role::Root => "names the thing to change",
        Role::Symptom => "is explained by something else whenever a relation holds",
        Role::Both => "a cause when nothing else explains it",
    };
    let reads: Vec<&str> = analyzer
        .reads
        .iter()
        .map(kubelens_core::kubernetes::Kind::as_str)
        .collect();
    let only = match profiles(analyzer).as_str() {
        "default" => String::new(),
        profiles => format!("Only in profile {profiles}. "),
    };
    let mut text = format!(
        "# {} {}\n\nSeverity {}, confidence {:.2}; {role}. {only}Reads {}.\n\n",
        analyzer.code,
        analyzer.name,
        analyzer.severity,
        analyzer.confidence,
        reads.join(", ")
    );
    for line in analyzer.docs.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let is_heading = line.starts_with("# ") && !line.contains(": ");
        let _ = writeln!(text, "{}{line}", if is_heading { "#" } else { "" });
    }
    text
}
