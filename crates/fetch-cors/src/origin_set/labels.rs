//! Labels of a domain: how long they may be and which bytes they may contain.

/// The longest domain that DNS can carry as text, without a trailing dot (RFC 1035, section 2.3.4).
pub(crate) const MAX_HOST: usize = 253;
/// The longest label of a domain (RFC 1035, section 2.3.4).
pub(crate) const MAX_LABEL: usize = 63;

/// Whether a label may contain this byte. Narrower than the URL Standard's host code points on purpose: a label such as
/// `a!b` can't be registered, and rejecting it keeps wildcards from matching look-alikes.
pub(crate) const fn is_label_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')
}

/// Whether these are one or more non-empty labels joined by dots, which is what `*` matches in `https://*.example.com`.
#[inline]
pub(crate) fn is_labels(bytes: &[u8]) -> bool {
    let mut length = 0;
    for &byte in bytes {
        if IS_LABEL_BYTE[usize::from(byte)] {
            length += 1;
        } else if byte == b'.' && (1..=MAX_LABEL).contains(&length) {
            length = 0;
        } else {
            return false;
        }
    }
    (1..=MAX_LABEL).contains(&length)
}

/// [`is_label_byte`] of every byte, as a table: one load per byte instead of several comparisons.
static IS_LABEL_BYTE: [bool; 256] = {
    let mut is_label = [false; 256];
    let mut byte = 0;
    while byte < 0x80_u8 {
        is_label[byte as usize] = is_label_byte(byte);
        byte += 1;
    }
    is_label
};
