//! A map of a bounded size that forgets what nobody looked for lately.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use super::Tenant;

/// Which to forget is found as the operating system finds a page of memory: a hand goes round, and what was used since it
/// last came by gets another round. So a look-up sets one flag, and needs no lock against other look-ups.
#[derive(Debug)]
pub(super) struct Cache<V> {
    places: Vec<Place<V>>,
    by_tenant: HashMap<Tenant, usize>,
    most: usize,
    hand: usize,
    /// Where the next comparison starts.
    next: usize,
}

#[derive(Debug)]
struct Place<V> {
    tenant: Tenant,
    value: V,
    is_used: AtomicBool,
}

impl<V> Cache<V> {
    pub(super) fn new(most: usize) -> Self {
        Self { places: Vec::new(), by_tenant: HashMap::new(), most: most.max(1), hand: 0, next: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.by_tenant.clear();
    }

    /// Looks a tenant up for a request.
    pub(super) fn get(&self, tenant: &str) -> Option<&V> {
        let place = &self.places[*self.by_tenant.get(tenant)?];
        // Most are used already; not to write leaves the cache line to all processors.
        if !place.is_used.load(Relaxed) {
            place.is_used.store(true, Relaxed);
        }
        Some(&place.value)
    }

    /// Looks a tenant up, but not because a request needs it.
    pub(super) fn get_mut(&mut self, tenant: &str) -> Option<&mut V> {
        Some(&mut self.places[*self.by_tenant.get(tenant)?].value)
    }

    pub(super) fn contains(&self, tenant: &str) -> bool {
        self.by_tenant.contains_key(tenant)
    }

    pub(super) fn insert(&mut self, tenant: Tenant, value: V) {
        if let Some(old) = self.get_mut(&tenant) {
            *old = value;
            return;
        }
        let place = Place { tenant: Tenant::clone(&tenant), value, is_used: AtomicBool::new(false) };
        let index = if self.places.len() < self.most {
            self.places.push(place);
            self.places.len() - 1
        } else {
            let index = self.unused();
            self.by_tenant.remove(&self.places[index].tenant);
            self.places[index] = place;
            index
        };
        self.by_tenant.insert(tenant, index);
    }

    /// The place of what is to be forgotten. It ends, because the hand clears what it passes.
    fn unused(&mut self) -> usize {
        loop {
            self.hand = if self.hand + 1 < self.places.len() { self.hand + 1 } else { 0 };
            let is_used = self.places[self.hand].is_used.get_mut();
            if !*is_used {
                return self.hand;
            }
            *is_used = false;
        }
    }

    pub(super) fn remove(&mut self, tenant: &str) -> Option<V> {
        let index = self.by_tenant.remove(tenant)?;
        let place = self.places.swap_remove(index);
        if let Some(moved) = self.places.get(index) {
            self.by_tenant.insert(Tenant::clone(&moved.tenant), index);
        }
        Some(place.value)
    }

    /// The next tenants, at most so many, so that all have their turn.
    pub(super) fn turn(&mut self, most: usize) -> Vec<Tenant> {
        let count = most.min(self.places.len());
        let mut turn = Vec::with_capacity(count);
        for _ in 0..count {
            if self.next >= self.places.len() {
                self.next = 0;
            }
            turn.push(Tenant::clone(&self.places[self.next].tenant));
            self.next += 1;
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(most: usize, names: &[&str]) -> Cache<()> {
        let mut cache = Cache::new(most);
        for name in names {
            cache.insert((*name).into(), ());
        }
        cache
    }

    #[test]
    fn what_is_used_stays() {
        let mut cache = cache(3, &["a", "b", "c"]);
        for number in 0..100 {
            assert!(cache.get("b").is_some(), "{number}");
            cache.insert(number.to_string().into(), ());
            assert_eq!(cache.len(), 3);
        }
        assert!(!cache.contains("a") && !cache.contains("c"));
    }

    #[test]
    fn what_was_removed_leaves_the_others_where_they_are_found() {
        let mut cache = cache(4, &["a", "b", "c", "d"]);
        assert!(cache.remove("a").is_some() && cache.remove("a").is_none());
        assert!(cache.remove("d").is_some());
        cache.insert("e".into(), ());
        for (name, expected) in [("a", false), ("b", true), ("c", true), ("d", false), ("e", true)] {
            assert_eq!(cache.get(name).is_some(), expected, "{name}");
        }
        for name in ["b", "c", "e"] {
            assert!(cache.remove(name).is_some(), "{name}");
        }
        assert_eq!(cache.len(), 0);
        assert!(cache.turn(5).is_empty());
    }

    #[test]
    fn all_have_their_turn() {
        let mut cache = cache(5, &["a", "b", "c", "d", "e"]);
        let mut seen: Vec<_> = (0..3).flat_map(|_| cache.turn(2)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 5);
        assert_eq!(cache.turn(100).len(), 5);
    }
}
