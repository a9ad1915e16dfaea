//! How much work one reach may be (T3, T8).
//!
//! Patterns against patterns cost the product of their lengths, and lists against lists the product of theirs: policies
//! can be made to explode in both. So everything is paid from one budget, in the unit of one cell of a comparison, and
//! whoever runs out ends with an error. There is no partial answer: what it leaves out would look closed.

use std::cell::Cell;

/// What one reach may cost: about a second for a release build.
pub(super) const MOST_WORK: usize = 1 << 28;

/// What an alternative costs beside the comparisons that made it. It is kept, printed and compared again, so that the
/// whole budget buys about 30,000 of them.
const ALTERNATIVE: usize = 1 << 13;

/// What a question to the engine costs: a policy is read and compiled.
const DECISION: usize = 1 << 15;

/// What a comparison costs before its first cell: of many patterns each lies somewhere else in memory.
const COMPARISON: usize = 1 << 7;

/// What the shortest text or row costs.
const LEAST: usize = 16;

/// The budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// What is left to spend.
pub(super) struct Budget {
    left: Cell<usize>,
}

impl Budget {
    pub fn of(work: usize) -> Self {
        Budget { left: Cell::new(work) }
    }

    #[cfg(test)]
    pub fn left(&self) -> usize {
        self.left.get()
    }

    /// Pays for something of this size.
    pub fn spend(&self, size: usize) -> Result<(), Exhausted> {
        let left = self.left.get().checked_sub(size.saturating_add(LEAST)).ok_or(Exhausted);
        self.left.set(left.unwrap_or_default());
        left.map(|_| ())
    }

    pub fn comparison(&self, size: usize) -> Result<(), Exhausted> {
        self.spend(size.saturating_add(COMPARISON))
    }

    pub fn alternative(&self, size: usize) -> Result<(), Exhausted> {
        self.spend(size.saturating_add(ALTERNATIVE))
    }

    pub fn decision(&self, size: usize) -> Result<(), Exhausted> {
        self.spend(size.saturating_add(DECISION))
    }

    /// Pays for sorting so many things of this size together.
    pub fn sorting(&self, count: usize, size: usize) -> Result<(), Exhausted> {
        let rounds = count.checked_ilog2().unwrap_or_default() as usize + 1;
        self.spend(size.saturating_add(count).saturating_mul(rounds))
    }
}

/// Whether something is true of any of these.
pub(super) fn any<T>(
    items: impl IntoIterator<Item = T>,
    mut test: impl FnMut(T) -> Result<bool, Exhausted>,
) -> Result<bool, Exhausted> {
    for item in items {
        if test(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether something is true of all of these.
pub(super) fn all<T>(
    items: impl IntoIterator<Item = T>,
    mut test: impl FnMut(T) -> Result<bool, Exhausted>,
) -> Result<bool, Exhausted> {
    any(items, |item| test(item).map(|holds| !holds)).map(|fails| !fails)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_once() {
        let budget = Budget::of(100);
        assert_eq!(budget.spend(60), Ok(()));
        assert_eq!((budget.left(), budget.spend(60)), (24, Err(Exhausted)));
        assert_eq!((budget.left(), budget.spend(0)), (0, Err(Exhausted)));
        assert_eq!(Budget::of(1 << 40).sorting(usize::MAX, usize::MAX), Err(Exhausted));
    }
}
