use std::collections::BTreeMap;
use std::fmt;

use super::chain::{Anchor, Record};

/// Faults that are named; more are only counted.
const MOST_FAULTS: usize = 100;

/// One thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A line that is no record, by its number from 1.
    NotARecord {
        /// The line.
        line: u64,
    },
    /// A record whose content does not have its hash.
    Edited {
        /// The record.
        seq: u64,
    },
    /// Records that are not there.
    Missing {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// A record that stands after a later one.
    OutOfOrder {
        /// The record.
        seq: u64,
    },
    /// A record that does not follow from the one before it: one of the two was replaced.
    Unlinked {
        /// The record.
        seq: u64,
    },
    /// The end was cut off.
    Truncated {
        /// The last record found; nothing when there is none.
        last: Option<u64>,
        /// The last record there was.
        head: u64,
    },
    /// A record after the last one that was written.
    AfterEnd {
        /// The record.
        seq: u64,
    },
    /// The whole chain was rewritten: a record does not have the hash known from elsewhere.
    Rewritten {
        /// The record.
        seq: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotARecord { line } => write!(out, "line {line} is not a record"),
            Fault::Edited { seq } => write!(out, "record {seq} was edited"),
            Fault::Missing { from, to } if from == to => write!(out, "record {from} is missing"),
            Fault::Missing { from, to } => write!(out, "records {from} to {to} are missing"),
            Fault::OutOfOrder { seq } => write!(out, "record {seq} is out of order"),
            Fault::Unlinked { seq } => {
                write!(out, "record {seq} does not follow from the one before it")
            }
            Fault::Truncated {
                last: Some(last),
                head,
            } => {
                write!(
                    out,
                    "the chain ends at record {last}, but {head} were written"
                )
            }
            Fault::Truncated { last: None, head } => {
                write!(out, "the chain is empty, but {head} records were written")
            }
            Fault::AfterEnd { seq } => write!(
                out,
                "record {seq} stands after the last one that was written"
            ),
            Fault::Rewritten { seq } => {
                write!(out, "record {seq} is not the one that a checkpoint names")
            }
        }
    }
}

/// What a check of a chain found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Records read.
    pub records: u64,
    /// The first of them.
    pub first: Option<u64>,
    /// The last of them: keep it elsewhere, and a later check can prove that nothing before it
    /// was rewritten.
    pub last: Option<Anchor>,
    /// What is wrong, at most 100 of them.
    pub faults: Vec<Fault>,
    /// How much is wrong.
    pub fault_count: u64,
}

impl Verdict {
    /// Nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// A check of a chain, one record after the other: only the one before is remembered.
#[derive(Debug)]
pub struct Check {
    verdict: Verdict,
    known: BTreeMap<u64, String>,
    head: Option<u64>,
    before: Option<Anchor>,
    line: u64,
}

impl Check {
    /// Begins. `floor` is the record before the first one that must be there (nothing: the first one found is
    /// taken as it is); `head` the last one there is; `anchors` are places known from
    /// elsewhere. Without `head` and anchors a cut end cannot be told from a short chain.
    pub fn new(floor: Option<&Anchor>, head: Option<&Anchor>, anchors: &[Anchor]) -> Check {
        let known = anchors.iter().chain(head);
        Check {
            verdict: Verdict::default(),
            known: known.map(|it| (it.seq, it.hash.clone())).collect(),
            head: head.map(|head| head.seq),
            before: floor.cloned(),
            line: 0,
        }
    }

    /// Looks at the next line, oldest first.
    pub fn take(&mut self, text: &str) {
        self.line += 1;
        let record = serde_json::from_str::<Record>(text)
            .ok()
            .filter(|it| it.line() == text);
        let Some(record) = record else {
            return self.verdict.fault(Fault::NotARecord { line: self.line });
        };
        let verdict = &mut self.verdict;
        let seq = record.seq;
        verdict.records += 1;
        verdict.first.get_or_insert(seq);
        if record.computed_hash() != record.hash {
            verdict.fault(Fault::Edited { seq });
        }
        if self
            .known
            .get(&seq)
            .is_some_and(|hash| *hash != record.hash)
        {
            verdict.fault(Fault::Rewritten { seq });
        }
        match &self.before {
            Some(last) if seq <= last.seq => {
                return verdict.fault(Fault::OutOfOrder { seq });
            }
            Some(last) if seq > last.seq + 1 => verdict.fault(Fault::Missing {
                from: last.seq + 1,
                to: seq - 1,
            }),
            Some(last) if record.prev_hash != last.hash => verdict.fault(Fault::Unlinked { seq }),
            _ => {}
        }
        if self.head.is_some_and(|head| seq > head) {
            verdict.fault(Fault::AfterEnd { seq });
        }
        self.before = Some(Anchor {
            seq,
            hash: record.hash,
        });
    }

    /// What was found, once all lines were looked at.
    pub fn end(self) -> Verdict {
        let mut verdict = self.verdict;
        verdict.last = self.before.filter(|_| verdict.records > 0);
        let last = verdict.last.as_ref().map(|it| it.seq);
        let newest = self.known.last_key_value().map(|(seq, _)| *seq);
        if let Some(head) = newest.filter(|head| last.is_none_or(|last| last < *head)) {
            verdict.fault(Fault::Truncated { last, head });
        }
        verdict
    }
}

/// Checks records, given as lines, oldest first; see [`Check::new`].
pub fn verify(
    lines: impl IntoIterator<Item = impl AsRef<str>>,
    floor: Option<&Anchor>,
    head: Option<&Anchor>,
    anchors: &[Anchor],
) -> Verdict {
    let mut check = Check::new(floor, head, anchors);
    for line in lines {
        check.take(line.as_ref());
    }
    check.end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::chain::{GENESIS, Phase};
    use super::super::entry::AuditEntry;
    use super::*;

    fn chain(length: u64) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        for seq in 1..=length {
            let prev = records
                .last()
                .map_or(GENESIS, |it| it.hash.as_str())
                .to_owned();
            let entry = AuditEntry::new("POST", &format!("/api/things/{seq}"));
            records.push(Record::link(seq, Phase::Request, None, entry, &prev));
        }
        records
    }

    fn freeze(records: &mut [Record]) {
        let at = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        let mut prev = GENESIS.to_owned();
        for record in records {
            record.entry.timestamp = at;
            *record = Record::link(
                record.seq,
                record.phase,
                record.intent,
                record.entry.clone(),
                &prev,
            );
            prev = record.hash.clone();
        }
    }

    /// A chain and its head, with the same times whenever it is made.
    fn fixed(length: u64) -> (Vec<Record>, Anchor) {
        let mut records = chain(length);
        freeze(&mut records);
        let last = records.last().unwrap();
        let head = Anchor {
            seq: last.seq,
            hash: last.hash.clone(),
        };
        (records, head)
    }

    fn faults(records: &[Record], head: &Anchor) -> Vec<Fault> {
        let floor = Anchor {
            seq: 0,
            hash: GENESIS.to_owned(),
        };
        verify(
            records.iter().map(Record::line),
            Some(&floor),
            Some(head),
            &[],
        )
        .faults
    }

    #[test]
    fn an_untouched_chain_is_intact() {
        let (records, head) = fixed(20);
        assert_eq!(faults(&records, &head), []);
    }

    #[test]
    fn a_cut_end_and_a_cut_beginning_are_found() {
        let (records, head) = fixed(9);
        let cut = Fault::Truncated {
            last: Some(6),
            head: 9,
        };
        assert_eq!(faults(&records[..6], &head), [cut]);
        let missing = Fault::Missing { from: 1, to: 3 };
        assert_eq!(faults(&records[3..], &head), [missing]);
        assert_eq!(
            faults(&[], &head),
            [Fault::Truncated {
                last: None,
                head: 9
            }]
        );
    }

    #[test]
    fn a_chain_made_anew_does_not_have_the_known_hash() {
        let (mut records, head) = fixed(5);
        records[2].entry.user = Some("somebody else".into());
        freeze(&mut records);
        assert_eq!(faults(&records, &head), [Fault::Rewritten { seq: 5 }]);
    }

    #[test]
    fn a_line_with_another_spelling_is_no_record() {
        let (records, head) = fixed(1);
        let line = records[0].line().replacen(':', ": ", 1);
        let verdict = verify([line], None, Some(&head), &[]);
        assert!(verdict.faults.contains(&Fault::NotARecord { line: 1 }));
    }

    proptest! {
        #[test]
        fn every_edit_is_found(length in 2_u64..30, at in any::<prop::sample::Index>(), what in 0..5) {
            let (mut records, head) = fixed(length);
            let at = at.index(records.len());
            let entry = &mut records[at].entry;
            match what {
                0 => entry.status = 201,
                1 => entry.user = Some("x".into()),
                2 => entry.path.push('x'),
                3 => entry.success = true,
                _ => records[at].phase = Phase::Outcome,
            }
            let seq = records[at].seq;
            prop_assert_eq!(faults(&records, &head), vec![Fault::Edited { seq }]);
            // With a hash that fits, the next link or the head does not.
            records[at].hash = records[at].computed_hash();
            let found = faults(&records, &head);
            let told = [Fault::Unlinked { seq: seq + 1 }, Fault::Rewritten { seq }];
            prop_assert!(found.iter().any(|it| told.contains(it)), "{:?}", found);
        }

        #[test]
        fn every_drop_is_found(length in 2_u64..30, at in any::<prop::sample::Index>()) {
            let (mut records, head) = fixed(length);
            let dropped = records.remove(at.index(records.len())).seq;
            let missing = Fault::Missing { from: dropped, to: dropped };
            let cut = Fault::Truncated { last: Some(length - 1), head: length };
            let expected = if dropped == length { cut } else { missing };
            prop_assert_eq!(faults(&records, &head), vec![expected]);
        }

        #[test]
        fn every_swap_is_found(length in 2_u64..30, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
            let (mut records, head) = fixed(length);
            let (a, b) = (a.index(records.len()), b.index(records.len()));
            prop_assume!(a != b);
            records.swap(a, b);
            let found = faults(&records, &head);
            prop_assert!(found.iter().any(|it| matches!(it, Fault::OutOfOrder { .. })), "{:?}", found);
        }

        #[test]
        fn every_insertion_is_found(length in 1_u64..30, at in any::<prop::sample::Index>()) {
            let (mut records, head) = fixed(length);
            let at = at.index(records.len());
            let prev = records[at].hash.clone();
            let entry = AuditEntry::new("GET", "/forged");
            records.insert(at + 1, Record::link(records[at].seq + 1, Phase::Request, None, entry, &prev));
            prop_assert!(!faults(&records, &head).is_empty());
        }
    }
}
