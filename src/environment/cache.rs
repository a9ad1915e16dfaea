//! Merged trees of the principals that were asked about lately.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::engine::Engine;

/// How many engines are kept unless told otherwise.
pub(super) const DEFAULT_CAPACITY: usize = 512;

/// What a merged tree is made of. Serials are never used twice, so a tree of something that changed since is not
/// found any more, and falls out in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Key {
    /// Serial of the caller's principal.
    pub principal: Option<u64>,
    /// Index of the account whose service control policies limit the caller.
    pub caller: Option<usize>,
    /// Index of the account whose resource control policies limit access to the resource.
    pub owner: Option<usize>,
    /// Serial of the resource, or of the role that is assumed.
    pub resource: Option<u64>,
}

/// A bounded map: if it is full, what was not asked for longest makes room.
#[derive(Debug)]
pub(super) struct Cache {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    engines: HashMap<Key, (Engine, u64)>,
    /// Counts the questions.
    now: u64,
}

impl Cache {
    /// Keeps `capacity` engines, at least one.
    pub(super) fn new(capacity: usize) -> Self {
        Cache { capacity: capacity.max(1), entries: Mutex::default() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Engine> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.now += 1;
        let now = entries.now;
        let (engine, used) = entries.engines.get_mut(key)?;
        *used = now;
        Some(engine.clone())
    }

    /// The search for the oldest visits all entries: it costs less than the compilation it follows.
    pub(super) fn insert(&self, key: Key, engine: Engine) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.engines.len() >= self.capacity {
            let oldest = entries.engines.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            oldest.and_then(|oldest| entries.engines.remove(&oldest));
        }
        let now = entries.now;
        entries.engines.insert(key, (engine, now));
    }

    pub(super) fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).engines.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::PolicySet;

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let cache = Cache::new(2);
        let key = |principal| Key { principal: Some(principal), ..Key::default() };
        let engine = Engine::compile(PolicySet::new()).unwrap();
        cache.insert(key(1), engine.clone());
        cache.insert(key(2), engine.clone());
        assert!(cache.get(&key(1)).is_some());
        cache.insert(key(3), engine);
        assert_eq!(cache.len(), 2);
        assert!(cache.get(&key(2)).is_none());
        assert!(cache.get(&key(1)).is_some() && cache.get(&key(3)).is_some());
    }
}
