//! Comparing byte strings while a request waits.

/// Whether two byte strings are equal. Compares eight bytes at a time; `==` would be a memcmp call and spill registers. The
/// last eight bytes go first, because origins differ there more often than in the `https://` at their start.
#[inline(always)]
pub(super) fn are_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (Some(one_end), Some(other_end)) = (one.last_chunk::<8>(), other.last_chunk::<8>()) else {
        return one.iter().eq(other);
    };
    one_end == other_end
        && one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0).all(|(one, other)| one == other)
}
