//! Statements in groups: two that share a link are in one, and each group is folded for itself.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::look::Statement;
use crate::diagnosis::links::Link;

/// The statements that can become causes, by what links them.
#[derive(Debug, Default)]
pub(super) struct Groups {
    statements: HashMap<u32, Member, RandomState>,
    ends: HashMap<Link, Ends, RandomState>,
    groups: HashMap<u32, BTreeSet<u32>, RandomState>,
    next_statement: u32,
    next_group: u32,
    /// Statements that are in no group yet.
    fresh: BTreeSet<u32>,
    /// Groups that lost a statement, or are about to get one.
    stale: BTreeSet<u32>,
}

#[derive(Debug)]
struct Member {
    statement: Arc<Statement>,
    group: Option<u32>,
}

/// Who tells of something, and who seeks it.
#[derive(Debug, Default)]
struct Ends {
    tell: BTreeSet<u32>,
    seek: BTreeSet<u32>,
}

/// Which groups are no more, and which there are instead.
#[derive(Debug, Default)]
pub(super) struct Regrouped {
    pub(super) gone: Vec<u32>,
    pub(super) new: Vec<u32>,
}

impl Groups {
    /// Takes a statement in, and gives it a number.
    pub(super) fn put(&mut self, statement: Arc<Statement>) -> u32 {
        let number = self.next_statement;
        self.next_statement = number.wrapping_add(1);
        for link in &statement.links.tells {
            self.ends.entry(*link).or_default().tell.insert(number);
        }
        for link in &statement.links.seeks {
            self.ends.entry(*link).or_default().seek.insert(number);
        }
        let member = Member {
            statement,
            group: None,
        };
        self.statements.insert(number, member);
        self.fresh.insert(number);
        number
    }

    /// Takes a statement back.
    pub(super) fn take(&mut self, number: u32) {
        let Some(member) = self.statements.remove(&number) else {
            return;
        };
        self.fresh.remove(&number);
        self.stale.extend(member.group);
        let links = &member.statement.links;
        for link in links.tells.iter().chain(&links.seeks) {
            if let Some(ends) = self.ends.get_mut(link) {
                ends.tell.remove(&number);
                ends.seek.remove(&number);
                if ends.tell.is_empty() && ends.seek.is_empty() {
                    self.ends.remove(link);
                }
            }
        }
    }

    /// A statement.
    pub(super) fn get(&self, number: u32) -> Option<&Statement> {
        self.statements
            .get(&number)
            .map(|member| &*member.statement)
    }

    /// The statements of a group.
    pub(super) fn members(&self, group: u32) -> Vec<&Statement> {
        let numbers = self.groups.get(&group).into_iter().flatten();
        numbers.filter_map(|number| self.get(*number)).collect()
    }

    /// Groups what came and what is left of the groups that something went from.
    pub(super) fn regroup(&mut self) -> Regrouped {
        let mut open = std::mem::take(&mut self.fresh);
        let mut gone = std::mem::take(&mut self.stale);
        for group in &gone {
            open.extend(self.groups.remove(group).into_iter().flatten());
        }
        open.retain(|number| self.statements.contains_key(number));
        let mut new = Vec::new();
        while let Some(first) = open.pop_first() {
            let mut found = BTreeSet::from([first]);
            let mut ahead = vec![first];
            while let Some(number) = ahead.pop() {
                for other in self.linked_with(number) {
                    if found.insert(other) {
                        ahead.push(other);
                    }
                }
            }
            let group = self.next_group;
            self.next_group = group.wrapping_add(1);
            for number in &found {
                open.remove(number);
                let before = self
                    .statements
                    .get_mut(number)
                    .and_then(|member| member.group.replace(group));
                // A group that another one has grown into.
                if let Some(before) = before
                    && self.groups.remove(&before).is_some()
                {
                    gone.insert(before);
                }
            }
            self.groups.insert(group, found);
            new.push(group);
        }
        Regrouped {
            gone: gone.into_iter().collect(),
            new,
        }
    }

    /// All that shares a link with a statement, if anybody tells of what links them.
    fn linked_with(&self, number: u32) -> Vec<u32> {
        let Some(statement) = self.get(number) else {
            return Vec::new();
        };
        let links = &statement.links;
        let ends = links.tells.iter().chain(&links.seeks);
        ends.filter_map(|link| self.ends.get(link))
            .filter(|ends| !ends.tell.is_empty())
            .flat_map(|ends| ends.tell.iter().chain(&ends.seek))
            .copied()
            .collect()
    }
}
