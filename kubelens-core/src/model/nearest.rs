//! "Did you mean": the names nearest to a word that is not known.

/// Up to three of `known` that are near `word`, nearest first; names that contain it count as near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = word.to_lowercase();
    let mut near: Vec<(f64, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let candidate = name.to_lowercase();
            let likeness = strsim::jaro_winkler(&wanted, &candidate);
            let contained = wanted.len() >= 3 && candidate.contains(&wanted);
            let distance = strsim::damerau_levenshtein(&wanted, &candidate);
            let close = distance <= 1 + wanted.chars().count() / 4;
            (contained || close || likeness > 0.85)
                .then_some((if contained { likeness + 1.0 } else { likeness }, name))
        })
        .collect();
    near.sort_by(|(a, first), (b, second)| b.total_cmp(a).then_with(|| first.cmp(second)));
    near.dedup_by_key(|(_, name)| *name);
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// `did you mean web, web-2?`, or nothing where nothing is near.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = nearest(word, known);
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, nearest};

    #[test]
    fn a_typo_finds_its_name() {
        assert_eq!(
            nearest("deploymnet", ["Deployment", "DaemonSet", "Pod"]),
            ["Deployment"]
        );
        assert_eq!(
            nearest("CFG01", ["CFG001", "CFG002", "NET050"]).first(),
            Some(&"CFG001")
        );
    }

    #[test]
    fn a_part_of_a_name_finds_it() {
        assert_eq!(nearest("config", ["web-config", "redis"]), ["web-config"]);
    }

    #[test]
    fn what_is_far_is_not_offered() {
        assert_eq!(did_you_mean("zzz", ["web", "redis"]), None);
        assert_eq!(
            did_you_mean("wep", ["web", "redis"]).as_deref(),
            Some("did you mean web?")
        );
    }
}
