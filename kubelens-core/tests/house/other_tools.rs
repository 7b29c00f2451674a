use std::collections::BTreeSet;
use std::fmt::Write;

use kubelens_core::analysis::Analyzer;
use kubelens_core::analysis::other_tools::{
    DECLINED, MISSING, TOOLS, all_names, ours_for, reasons_for,
};
use kubelens_core::registry;

use crate::{check_generated, workspace};

#[test]
fn every_check_of_another_tool_is_one_here_or_has_a_reason() {
    let open: Vec<&str> = all_names()
        .filter(|name| ours_for(registry(), name).is_empty() && reasons_for(name).is_empty())
        .collect();
    assert_eq!(open, Vec::<&str>::new(), "neither an analyzer nor a reason");
}

#[test]
fn what_analyzers_map_to_are_checks_of_other_tools() {
    let known: BTreeSet<&str> = all_names().collect();
    let stray: Vec<String> = registry()
        .iter()
        .flat_map(|analyzer| analyzer.maps_to.iter().map(|name| (analyzer.code, *name)))
        .filter(|(_, name)| !known.contains(name))
        .map(|(code, name)| format!("{code} {name}"))
        .collect();
    assert_eq!(stray, Vec::<String>::new());
    let reasons = DECLINED.iter().chain(MISSING);
    let stray: Vec<&str> = reasons
        .flat_map(|declined| declined.names.iter().copied())
        .filter(|name| !known.contains(name))
        .collect();
    assert_eq!(stray, Vec::<&str>::new(), "reasons for what no tool checks");
}

#[test]
fn names_of_other_tools_are_unique() {
    let names: Vec<&str> = all_names().collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len());
}

#[test]
fn names_are_found_however_they_are_written() {
    for name in ["POP-1109", "pop-1109"] {
        assert!(is_mapped(name, "HYG010"), "{name}");
    }
    for name in ["k8sgpt:Pod", "Pod", "pod"] {
        assert!(is_mapped(name, "WRK001"), "{name}");
    }
    assert!(is_mapped("classic:crashloop", "WRK045"));
    assert!(ours_for(registry(), "Pods").is_empty());
}

fn is_mapped(name: &str, code: &str) -> bool {
    let ours = ours_for(registry(), name);
    ours.iter().any(|analyzer| analyzer.code == code)
}

#[test]
fn the_page_of_other_tools_is_checked_in() {
    let mut page = String::from(
        "# Other tools\n\nWhich analyzers stand for the checks of other tools. \
         `kubectl lens analyzers --maps-to POP-1109` looks one up; names are theirs, words about them are \
         ours. Generated from the analyzers themselves.\n\n\
         Analyzers outside of the default profile have theirs behind the code: they run with `--profile`.\n",
    );
    for tool in TOOLS {
        let _ = write!(
            page,
            "\n## {}\n\n| their {} | about | ours |\n|---|---|---|\n",
            tool.name, tool.word
        );
        for check in tool.checks {
            let name = check
                .name
                .split_once(':')
                .map_or(check.name, |(_, name)| name);
            let _ = writeln!(
                page,
                "| {name} | {} | {} |",
                check.about,
                answer(check.name)
            );
        }
    }
    page.push_str(
        "\n## Checks that are none here, on purpose\n\n| their check | names | reason |\n|---|---|---|\n",
    );
    for declined in DECLINED {
        let names = declined.names.join(", ");
        let _ = writeln!(
            page,
            "| {} | {names} | {} |",
            declined.check, declined.reason
        );
    }
    check_generated(&workspace().join("docs/src/other-tools.md"), &page);
}

/// Our codes for a check, with their profiles, or the reason why there is none.
fn answer(name: &str) -> String {
    let ours = ours_for(registry(), name);
    if ours.is_empty() {
        return format!("none: {}", reasons_for(name).join(" "));
    }
    let links: Vec<String> = ours.iter().map(|analyzer| link(analyzer)).collect();
    links.join(", ")
}

fn link(analyzer: &Analyzer) -> String {
    let code = analyzer.code;
    let profiles: Vec<&str> = analyzer
        .profiles
        .iter()
        .map(|profile| profile.as_str())
        .filter(|profile| *profile != "default")
        .collect();
    if profiles.is_empty() || analyzer.profiles.len() > profiles.len() {
        format!("[{code}](analyzers/{code}.md)")
    } else {
        format!("[{code}](analyzers/{code}.md) ({})", profiles.join(", "))
    }
}
