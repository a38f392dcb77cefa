//! What no message shows: user names and passwords of URLs, and what `Authorization` and cookies hold. Messages end up in logs,
//! in issues, and on screens that others see.

use std::borrow::Cow;
#[cfg(feature = "browser")]
use std::fmt;

const MASK: &[u8] = b"***";
/// Secrets are looked for up to here. A client may send a quarter of a megabyte, which must cost a log nothing.
const MAX_READ: usize = 2048;

/// A text without them, as far as they can be told from the rest.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    match masked_bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // It is cut at ASCII only.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// For `Debug`: each of these texts without them.
#[cfg(feature = "server")]
pub(crate) fn each_masked(texts: &[String]) -> Vec<Cow<'_, str>> {
    texts.iter().map(|text| masked(text)).collect()
}

/// A text that should be an origin: there a user name needs no password.
#[cfg(feature = "server")]
pub(crate) fn masked_origin(text: &str) -> String {
    String::from_utf8_lossy(&without_userinfo(masked(text).as_bytes())).into_owned()
}

/// [`masked`] for what a client or a server sent.
pub(crate) fn masked_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    match header_value(bytes) {
        Some(start) => Cow::Owned([without_userinfo(&bytes[..start]).as_slice(), b" ", MASK].concat()),
        // `PU` in `PU@T` is not a user name.
        None if bytes.contains(&b'@') && bytes.iter().any(|byte| matches!(byte, b':' | b'/' | b'\\')) => {
            Cow::Owned(without_userinfo(bytes))
        }
        None => Cow::Borrowed(bytes),
    }
}

/// Whether the value of a header is a secret.
#[cfg(feature = "browser")]
pub(crate) fn is_secret(name: &[u8]) -> bool {
    const SECRET: [&str; 6] =
        ["authorization", "cookie", "cookie2", "proxy-authorization", "set-cookie", "set-cookie2"];
    SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()))
}

/// Where the value begins, if a whole line is written where a name should be: `Authorization: Bearer …`, `"Cookie": "…"`.
fn header_value(bytes: &[u8]) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(MAX_READ)];
    let separators = bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b':' | b'='));
    separators.map(|(place, _)| place).find_map(|place| {
        let is_around = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b'2');
        let end = bytes[..place].iter().rposition(|byte| !is_around(byte))? + 1;
        let ends_with =
            |name: &[u8]| end >= name.len() && bytes[end - name.len()..end].eq_ignore_ascii_case(name);
        (ends_with(b"authorization") || ends_with(b"cookie")).then_some(place + 1)
    })
}

/// Masks the user names and passwords of every URL in a text, even where its slashes are wrong.
fn without_userinfo(bytes: &[u8]) -> Vec<u8> {
    let Some((read, unread)) = bytes.split_at_checked(MAX_READ) else { return without_any_userinfo(bytes) };
    if !unread.contains(&b'@') {
        return [&without_any_userinfo(read), unread].concat();
    }
    // What has begun may be a password. Nobody reads on so far.
    let whole = read.iter().rposition(|&byte| is_end(byte)).map_or(0, |place| place + 1);
    [&without_any_userinfo(&read[..whole]), MASK].concat()
}

fn is_slash(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// Whether a part of a URL ends here.
fn is_end(byte: u8) -> bool {
    is_slash(byte) || matches!(byte, b'?' | b'#')
}

/// Whether it is an address with an `@` in it, and not a user's name in front of a host.
fn is_address(part: &[u8]) -> bool {
    const SCHEMES: [&str; 7] = ["acct", "cid", "mailto", "mid", "sip", "sips", "xmpp"];
    let scheme = part.split(|&byte| byte == b':').next().unwrap_or_default();
    SCHEMES.iter().any(|name| scheme.eq_ignore_ascii_case(name.as_bytes()))
}

fn without_any_userinfo(bytes: &[u8]) -> Vec<u8> {
    let (mut masked, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    // Whatever stands at the start may be a URL without its scheme.
    let mut is_authority = true;
    loop {
        let (part, after) = rest.split_at(rest.iter().position(|&byte| is_end(byte)).unwrap_or(rest.len()));
        match part.iter().rposition(|&byte| byte == b'@') {
            // Elsewhere an `@` is common: `/@user`, `/users/me@a.example`.
            Some(at)
                if (is_authority || part[..at].contains(&b':'))
                    && !(masked.is_empty() && is_address(part)) =>
            {
                masked.extend_from_slice(MASK);
                masked.extend_from_slice(&part[at..]);
            }
            _ => masked.extend_from_slice(part),
        }
        if after.is_empty() {
            return masked;
        }
        let slashes = after.iter().take_while(|&&byte| is_slash(byte)).count();
        is_authority = slashes > 0 && part.ends_with(b":") || masked.is_empty() && slashes > 1;
        let (between, next) = after.split_at(if is_authority { slashes } else { 1 });
        masked.extend_from_slice(between);
        rest = next;
    }
}

/// For `Debug`: a text without secrets.
#[cfg(feature = "browser")]
pub(crate) struct Text<'a>(pub(crate) &'a str);

#[cfg(feature = "browser")]
impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&masked(self.0), f)
    }
}

/// For `Debug`: header lines without secrets, a text for each.
#[cfg(feature = "browser")]
pub(crate) struct Lines<I>(pub(crate) I);

#[cfg(feature = "browser")]
impl<'a, I: Iterator<Item = (&'a [u8], &'a [u8])> + Clone> fmt::Debug for Lines<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |(name, value): (&[u8], &[u8])| {
            let value = if is_secret(name) { Cow::Borrowed(MASK) } else { masked_bytes(value) };
            format!("{}: {}", String::from_utf8_lossy(&masked_bytes(name)), String::from_utf8_lossy(&value))
        };
        f.debug_list().entries(self.0.clone().map(line)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_nothing_else() {
        for (text, expected) in [
            ("https://user:secret@a.example/x@y", "https://***@a.example/x@y"),
            ("https:/user:secret@a.example", "https:/***@a.example"),
            (r"https:\\user:secret@a.example", r"https:\\***@a.example"),
            ("https:user:secret@a.example/", "***@a.example/"),
            ("user:secret@a.example", "***@a.example"),
            ("https://mailto:secret@a.example", "https://***@a.example"),
            ("//user:secret@a.example/", "//***@a.example/"),
            ("see https://a.example, https://u:s@b.example", "see https://a.example, https://***@b.example"),
            ("/to/https://u:s@b.example", "/to/https://***@b.example"),
            ("https://u:p@ss@a.example", "https://***@a.example"),
            ("https://a.example/u:s@b.example/x", "https://a.example/***@b.example/x"),
            ("https://bücher:s@a.example/ü", "https://***@a.example/ü"),
            ("Authorization: Bearer secret", "Authorization: ***"),
            ("x-a, \"Set-Cookie\" : \"a=b\"", "x-a, \"Set-Cookie\" : ***"),
            ("PROXY-AUTHORIZATION=secret", "PROXY-AUTHORIZATION= ***"),
            ("https://u:s@a.example/ cookie: x", "https://***@a.example/ cookie: ***"),
            // Nothing to mask.
            ("PU@T", "PU@T"),
            ("/users/me@a.example/notes", "/users/me@a.example/notes"),
            ("https://a.example/@user?x=a@b", "https://a.example/@user?x=a@b"),
            ("mailto:a@a.example", "mailto:a@a.example"),
            ("XMPP:a@a.example/b", "XMPP:a@a.example/b"),
            ("authorization, cookie", "authorization, cookie"),
            ("x-cookies: a", "x-cookies: a"),
            ("", ""),
        ] {
            assert_eq!(masked(text), expected, "{text}");
            assert_eq!(masked_bytes(text.as_bytes()), expected.as_bytes(), "{text}");
        }
        assert_eq!(*masked_bytes(b"https://\xff:s@a.example/\xff"), *b"https://***@a.example/\xff");
    }

    #[test]
    fn long_texts_are_masked_too() {
        let long = "ü".repeat(MAX_READ);
        for (text, expected) in [
            (format!("https://a.example/{long}"), format!("https://a.example/{long}")),
            (format!("https://u:s@a.example/{long}"), format!("https://***@a.example/{long}")),
            (format!("https://u:secret{long}@a.example/"), "https://***".to_owned()),
            (format!("https://{long}:secret@a.example/"), "https://***".to_owned()),
            (
                format!("https://u:s@a.example/{long}/https://u:s@a.example/"),
                "https://***@a.example/***".to_owned(),
            ),
        ] {
            assert_eq!(masked(&text), expected);
        }
    }
}
