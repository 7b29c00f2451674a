//! What evaluating one expression may cost. The evaluator has no limit of its own, so every place of an expression
//! that can repeat work or make values grow is made to ask here first (see `guard`).

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
    static IS_SPENT: Cell<bool> = const { Cell::new(false) };
    static NOW: Cell<i64> = const { Cell::new(0) };
}

/// Steps that all evaluations of one rule may take together.
const OF_A_RULE: u64 = 200_000_000;

/// Steps that one evaluation may take at least, and at most.
const LEAST: u64 = 5_000;
const MOST: u64 = 200_000;

/// Steps that a rule may take for one of so many objects: the same whatever order they are looked at in.
pub(super) fn steps_for(objects: usize) -> u64 {
    (OF_A_RULE / (objects as u64).max(1)).clamp(LEAST, MOST)
}

/// Runs with so many steps, at this time of the picture in seconds. None if the steps did not suffice.
pub(super) fn within<T>(steps: u64, now: i64, work: impl FnOnce() -> T) -> Option<T> {
    STEPS.set(steps);
    IS_SPENT.set(false);
    NOW.set(now);
    let done = work();
    // An expression may swallow the error; the answer counts for nothing then.
    (!IS_SPENT.get()).then_some(done)
}

/// Takes steps; false when there are not that many left.
pub(super) fn take(steps: u64) -> bool {
    let left = STEPS.get().checked_sub(steps);
    STEPS.set(left.unwrap_or(0));
    if left.is_none() {
        IS_SPENT.set(true);
    }
    left.is_some()
}

/// The time of the picture, in seconds.
pub(super) fn now() -> i64 {
    NOW.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_objects_share_what_a_rule_may_cost() {
        assert_eq!(steps_for(0), MOST);
        assert_eq!(steps_for(10_000), 20_000);
        assert_eq!(steps_for(10_000_000), LEAST);
    }

    #[test]
    fn work_that_spends_too_much_has_no_result() {
        assert_eq!(within(3, 0, || take(3)), Some(true));
        assert_eq!(within(3, 0, || take(2) && take(2)), None);
    }
}
