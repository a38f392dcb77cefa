//! What was true when: the yardstick that every response is held against.

use std::collections::HashMap;

use super::{Mask, Micros};

/// For each tenant and origin, until when it was allowed.
#[derive(Debug, Default)]
pub(super) struct Truth {
    tenants: HashMap<u32, [Origin; Mask::ORIGINS as usize]>,
    /// Tenants below this number have had the first origin from the start.
    from_start: u32,
}

#[derive(Clone, Copy, Debug, Default)]
enum Origin {
    #[default]
    Never,
    Allowed,
    Until(Micros),
}

impl Truth {
    pub(super) fn new(from_start: u32) -> Self {
        Self { tenants: HashMap::new(), from_start }
    }

    /// A change was committed.
    pub(super) fn set(&mut self, tenant: u32, mask: Mask, now: Micros) {
        let from_start = tenant < self.from_start;
        let origins = self.tenants.entry(tenant).or_insert_with(|| first(from_start));
        for (number, origin) in (0..).zip(origins) {
            *origin = match *origin {
                _ if mask.allows(number) => Origin::Allowed,
                Origin::Allowed => Origin::Until(now),
                other => other,
            };
        }
    }

    /// How long ago the origin was revoked. None if it is allowed.
    pub(super) fn revoked_for(&self, tenant: u32, origin: u8, now: Micros) -> Option<Micros> {
        let origins = self.tenants.get(&tenant).copied();
        match origins.unwrap_or_else(|| first(tenant < self.from_start))[usize::from(origin)] {
            Origin::Allowed => None,
            Origin::Until(revoked) => Some(now - revoked),
            Origin::Never => Some(Micros::MAX),
        }
    }
}

fn first(from_start: bool) -> [Origin; Mask::ORIGINS as usize] {
    let mut origins = [Origin::Never; Mask::ORIGINS as usize];
    if from_start {
        origins[0] = Origin::Allowed;
    }
    origins
}
