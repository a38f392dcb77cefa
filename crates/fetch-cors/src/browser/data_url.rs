//! Which `data:` URLs are valid. What they hold is not modelled.

use url::Url;

/// Whether the [data: URL processor](https://fetch.spec.whatwg.org/#data-url-processor) does not fail.
pub(super) fn is_valid_data_url(url: &Url) -> bool {
    let text = url.as_str().split('#').next().unwrap_or_default();
    let Some((before, data)) = text.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
        return false;
    };
    let before = before.trim_matches([' ', '\t', '\n', '\x0c', '\r']);
    let is_base64 =
        before.len().checked_sub("base64".len()).and_then(|at| before.split_at_checked(at)).is_some_and(
            |(media_type, encoding)| {
                encoding.eq_ignore_ascii_case("base64") && media_type.trim_end_matches(' ').ends_with(';')
            },
        );
    !is_base64 || is_base64_data(&percent_decoded(data.as_bytes()))
}

/// <https://url.spec.whatwg.org/#percent-decode>
fn percent_decoded(mut text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::new();
    while let [first, rest @ ..] = text {
        text = rest;
        match *rest {
            [high, low, ref rest @ ..] if *first == b'%' => {
                if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                    decoded.push(high * 16 + low);
                    text = rest;
                    continue;
                }
            }
            _ => {}
        }
        decoded.push(*first);
    }
    decoded
}

/// Whether a [forgiving-base64 decode](https://infra.spec.whatwg.org/#forgiving-base64-decode) succeeds.
fn is_base64_data(data: &[u8]) -> bool {
    let data: Vec<u8> = data.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut data = data.as_slice();
    if data.len().is_multiple_of(4) {
        let one = data.strip_suffix(b"=").unwrap_or(data);
        data = one.strip_suffix(b"=").unwrap_or(one);
    }
    data.len() % 4 != 1 && data.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}
