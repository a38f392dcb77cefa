//! Comparing texts on the path of a request.

/// Whether two texts are the same: a few comparisons of words, where `==` is a call, before which registers are saved.
/// Origins differ at their ends more often than where they begin.
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
