use std::collections::BTreeSet;

use super::expression::Expression;
use super::template::Template;
use crate::analysis::Analyzer;
use crate::documents::{
    Examples, FollowEntry, Problem, RelationName, RuleEntry, SubjectName, SuggestionEntry,
};
use crate::kubernetes::GroupKind;
use crate::model::{Placed, Risk, safe_text};

use super::registry;

/// A rule that is ready to look at objects.
#[derive(Debug)]
pub struct Rule {
    /// What it is called, how bad it is, what it reads.
    pub analyzer: &'static Analyzer,
    /// The pack that it is of.
    pub pack: String,
    /// Where it is written: `pack.yaml:12`.
    pub place: String,
    /// Its tests.
    pub examples: Examples,
    pub(super) matches: Vec<GroupKind>,
    pub(super) follow: Option<Follow>,
    pub(super) when: Expression,
    pub(super) unless: Option<Expression>,
    pub(super) subject: SubjectName,
    pub(super) message: Template,
    pub(super) explanation: Template,
    pub(super) evidence: Vec<(String, Expression)>,
    pub(super) suggestions: Vec<Advice>,
}

/// A step from an object to others.
#[derive(Debug)]
pub(super) struct Follow {
    pub(super) kind: GroupKind,
    pub(super) api_version: String,
    pub(super) step: Step,
}

#[derive(Debug)]
pub(super) enum Step {
    Owner,
    Selector(Expression),
    Reference {
        name: Expression,
        namespace: Option<Expression>,
    },
}

#[derive(Debug)]
pub(super) struct Advice {
    pub(super) text: Template,
    pub(super) command: Option<Template>,
    pub(super) risk: Risk,
}

impl Rule {
    /// The rule that an entry describes, or the first thing in it that makes no sense.
    pub(super) fn new(file: &str, pack: &str, entry: &Placed<RuleEntry>) -> Result<Self, Problem> {
        let at = At { file };
        let rule = &entry.value;
        at.code(&rule.code)?;
        at.name(&rule.name)?;
        if rule.description.trim().is_empty() {
            return Err(Problem::with(file, entry, "`description` is empty"));
        }
        let confidence = match &rule.confidence {
            Some(given) if !(0.0..=1.0).contains(&given.value) => {
                return Err(Problem::with(
                    file,
                    given,
                    "`confidence` lies between 0 and 1",
                ));
            }
            Some(given) => given.value,
            None => 0.9,
        };
        let matches = at.matches(rule)?;
        let follow = rule
            .follow
            .as_ref()
            .map(|follow| at.follow(follow))
            .transpose()?;
        if rule.subject == SubjectName::Related && follow.is_none() {
            let words = "`subject: related` needs `follow`";
            return Err(Problem::with(file, entry, words));
        }
        if rule.evidence.value.is_empty() {
            return Err(
                Problem::with(file, &rule.evidence, "`evidence` names no field")
                    .hint("name the fields that prove the condition"),
            );
        }
        let examples = &rule.examples.value;
        if examples.fires.is_empty() || examples.silent.is_empty() {
            let words = "`examples` needs at least one under `fires` and one under `silent`";
            return Err(Problem::with(file, &rule.examples, words));
        }
        let explanation = rule.explanation.as_ref();
        let plain = Placed {
            value: rule.description.clone(),
            line: entry.line,
            column: entry.column,
        };
        let kinds: BTreeSet<_> = matches
            .iter()
            .chain(follow.iter().map(|follow| &follow.kind))
            .filter_map(GroupKind::typed)
            .collect();
        Ok(Self {
            when: at.expression(&rule.when)?,
            unless: rule
                .unless
                .as_ref()
                .map(|unless| at.expression(unless))
                .transpose()?,
            message: at.template(&rule.message)?,
            explanation: at.template(explanation.unwrap_or(&plain))?,
            evidence: at.evidence(&rule.evidence.value)?,
            suggestions: rule
                .suggestions
                .iter()
                .map(|advice| at.advice(advice))
                .collect::<Result<_, _>>()?,
            subject: rule.subject,
            examples: examples.clone(),
            place: format!("{file}:{}", entry.line),
            pack: safe_text(pack),
            matches,
            follow,
            analyzer: registry::analyzer(rule, confidence, &kinds),
        })
    }

    /// The kinds that it has to see with every field.
    pub fn kinds(&self) -> impl Iterator<Item = &GroupKind> {
        let followed = self.follow.iter().map(|follow| &follow.kind);
        self.matches.iter().chain(followed)
    }
}

/// Reads the parts of an entry of a file.
struct At<'a> {
    file: &'a str,
}

impl At<'_> {
    fn code(&self, code: &Placed<String>) -> Result<(), Problem> {
        let letters = code
            .value
            .bytes()
            .take(3)
            .filter(u8::is_ascii_uppercase)
            .count();
        let digits = code
            .value
            .bytes()
            .skip(3)
            .filter(u8::is_ascii_digit)
            .count();
        let shown = safe_text(&code.value);
        if (code.value.len(), letters, digits) != (6, 3, 3) {
            let words = format!("code `{shown}` is not three capitals and three digits");
            return Err(Problem::with(self.file, code, words));
        }
        if registry::is_reserved(&code.value) {
            let words = format!("the letters of `{shown}` belong to KubeLens' own analyzers");
            return Err(Problem::with(self.file, code, words).hint("choose letters of your own"));
        }
        Ok(())
    }

    fn name(&self, name: &Placed<String>) -> Result<(), Problem> {
        let is_word =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let begins = name
            .value
            .starts_with(|first: char| first.is_ascii_lowercase());
        if begins && name.value.chars().all(is_word) && name.value.len() <= 63 {
            return Ok(());
        }
        let words = format!(
            "name `{}` is not made of small letters, digits and hyphens",
            safe_text(&name.value)
        );
        Err(Problem::with(self.file, name, words))
    }

    fn matches(&self, rule: &RuleEntry) -> Result<Vec<GroupKind>, Problem> {
        if rule.matches.value.is_empty() {
            return Err(Problem::with(
                self.file,
                &rule.matches,
                "`match` names no kind",
            ));
        }
        let mut kinds: Vec<GroupKind> = rule
            .matches
            .value
            .iter()
            .map(|entry| GroupKind::of(&entry.api_version, &entry.kind))
            .collect();
        kinds.sort();
        kinds.dedup();
        Ok(kinds)
    }

    fn follow(&self, follow: &Placed<FollowEntry>) -> Result<Follow, Problem> {
        let FollowEntry {
            relation,
            api_version,
            kind,
            selector,
            name,
            namespace,
        } = &follow.value;
        let wrong = |words: &str| Err(Problem::with(self.file, follow, words));
        let kind = GroupKind::of(api_version, kind);
        let step = match (relation, selector, name) {
            (RelationName::Owner, None, None) => Step::Owner,
            (RelationName::Selector, Some(selector), None) => {
                if kind != GroupKind::of("v1", "Pod") {
                    return wrong(
                        "`relation: selector` leads to pods: `apiVersion: v1, kind: Pod`",
                    );
                }
                Step::Selector(self.expression(selector)?)
            }
            (RelationName::Reference, None, Some(name)) => Step::Reference {
                name: self.expression(name)?,
                namespace: namespace
                    .as_ref()
                    .map(|namespace| self.expression(namespace))
                    .transpose()?,
            },
            (RelationName::Owner, ..) => {
                return wrong("`relation: owner` takes no selector and no name");
            }
            (RelationName::Selector, ..) => {
                return wrong("`relation: selector` needs `selector`, and no `name`");
            }
            (RelationName::Reference, ..) => {
                return wrong("`relation: reference` needs `name`, and no `selector`");
            }
        };
        Ok(Follow {
            kind,
            api_version: api_version.clone(),
            step,
        })
    }

    fn expression(&self, text: &Placed<String>) -> Result<Expression, Problem> {
        Expression::new(&text.value).map_err(|words| Problem::with(self.file, text, words))
    }

    fn template(&self, text: &Placed<String>) -> Result<Template, Problem> {
        if text.value.trim().is_empty() {
            return Err(Problem::with(self.file, text, "a text without a word"));
        }
        Template::new(&text.value).map_err(|words| Problem::with(self.file, text, words))
    }

    fn evidence(&self, paths: &[Placed<String>]) -> Result<Vec<(String, Expression)>, Problem> {
        paths
            .iter()
            .map(|path| {
                let text = path.value.trim();
                let expression = match text.strip_prefix('[') {
                    Some(_) => format!("object{text}"),
                    None => format!("object.{text}"),
                };
                let expression = Expression::new(&expression)
                    .map_err(|words| Problem::with(self.file, path, words))?;
                Ok((text.to_owned(), expression))
            })
            .collect()
    }

    fn advice(&self, entry: &Placed<SuggestionEntry>) -> Result<Advice, Problem> {
        let placed = |text: &String| Placed {
            value: text.clone(),
            line: entry.line,
            column: entry.column,
        };
        let command = entry.value.command.as_ref().map(placed);
        Ok(Advice {
            text: self.template(&placed(&entry.value.text))?,
            command: command
                .as_ref()
                .map(|command| self.template(command))
                .transpose()?,
            risk: entry.value.risk,
        })
    }
}
