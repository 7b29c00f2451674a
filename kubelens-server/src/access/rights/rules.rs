//! What somebody may do in one namespace, as the API server lists it.

use super::Question;

/// One line of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// `list`, or `*`.
    pub verbs: Vec<String>,
    /// API groups, or `*`.
    pub groups: Vec<String>,
    /// Plurals, `pods/log`, `*/log`, or `*`.
    pub resources: Vec<String>,
    /// Only objects of these names; empty = any.
    pub names: Vec<String>,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// What is allowed.
    pub all: Vec<Rule>,
    /// Whether more may be allowed: not every authorizer can list what it allows.
    pub is_incomplete: bool,
}

impl Rules {
    /// Whether a line allows this; its namespace is that of the list.
    pub fn allow(&self, question: &Question) -> bool {
        self.all.iter().any(|rule| rule.allows(question))
    }
}

impl Rule {
    fn allows(&self, question: &Question) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|it| it == word || it == "*");
        let below = question.resource.split_once('/').map(|(_, below)| below);
        let is_resource = has(&self.resources, &question.resource)
            || below.is_some_and(|below| self.resources.contains(&format!("*/{below}")));
        let is_named = self.names.is_empty()
            || question
                .name
                .as_ref()
                .is_some_and(|name| self.names.contains(name));
        has(&self.verbs, &question.verb)
            && has(&self.groups, &question.group)
            && is_resource
            && is_named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn rules(verbs: &str, groups: &[&str], resources: &str, names: &str) -> Rules {
        Rules {
            all: vec![Rule {
                verbs: words(verbs),
                groups: groups.iter().map(|it| (*it).to_owned()).collect(),
                resources: words(resources),
                names: words(names),
            }],
            is_incomplete: false,
        }
    }

    fn question(verb: &str, group: &str, resource: &str) -> Question {
        Question {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            ..Question::default()
        }
    }

    #[test]
    fn a_rule_allows_what_it_names_and_nothing_else() {
        let pods = rules("get list", &[""], "pods pods/log", "");
        assert!(pods.allow(&question("list", "", "pods")));
        assert!(pods.allow(&question("get", "", "pods/log")));
        assert!(!pods.allow(&question("delete", "", "pods")));
        assert!(!pods.allow(&question("list", "metrics.k8s.io", "pods")));
        assert!(!pods.allow(&question("list", "", "secrets")));
        let logs = rules("*", &["*"], "*/log", "");
        assert!(logs.allow(&question("get", "", "pods/log")));
        assert!(!logs.allow(&question("get", "", "pods")));
        assert!(rules("*", &["*"], "*", "").allow(&question("get", "apps", "deployments")));
    }

    #[test]
    fn a_rule_for_named_objects_allows_no_list() {
        let one = rules("get list", &[""], "namespaces", "shop");
        assert!(!one.allow(&question("list", "", "namespaces")));
        let named = |name: &str| Question {
            name: Some(name.to_owned()),
            ..question("get", "", "namespaces")
        };
        assert!(one.allow(&named("shop")) && !one.allow(&named("bank")));
    }
}
