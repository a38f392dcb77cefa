//! URLs that are good for one request, or that carry a secret: a probe would use them up, or repeat the secret in a log.

use url::Url;

/// Names of query parameters, in lower case, without `-` and `_`.
const NAMES: [&str; 34] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "assertion",
    "auth",
    "authtoken",
    "code",
    "confirmationtoken",
    "credential",
    "hash",
    "hmac",
    "idtoken",
    "invitation",
    "invite",
    "jwt",
    "key",
    "keypairid",
    "magic",
    "nonce",
    "oobcode",
    "otp",
    "password",
    "policy",
    "resettoken",
    "samlrequest",
    "samlresponse",
    "secret",
    "session",
    "sessionid",
    "sig",
    "signature",
    "state",
    "ticket",
    "token",
];

/// Whether the URL looks signed or one-time.
pub(super) fn looks_signed(url: &Url) -> bool {
    let is_secret = |name: &str| {
        let name: String =
            name.chars().filter(|c| !matches!(c, '-' | '_' | '.')).flat_map(char::to_lowercase).collect();
        NAMES.contains(&name.as_str())
            || ["xamz", "xgoog", "xoss", "xcos"].iter().any(|prefix| name.starts_with(prefix))
            || ["token", "signature", "secret"].iter().any(|end| name.ends_with(end))
    };
    url.query_pairs().any(|(name, _)| is_secret(&name))
        || url.path_segments().is_some_and(|mut segments| {
            segments.any(|segment| {
                // A long segment of letters and digits, as in links that reset a password. A UUID names a thing, so it has hyphens.
                segment.len() >= 40
                    && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte))
                    && segment.bytes().any(|byte| byte.is_ascii_digit())
                    && segment.bytes().any(|byte| byte.is_ascii_alphabetic())
                    && !segment.contains('-')
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_and_one_time_urls() {
        for (url, expected) in [
            ("https://b.example/k?X-Amz-Signature=a&X-Amz-Date=1", true),
            ("https://b.example/k?X-Goog-Algorithm=a", true),
            ("https://b.example/k?sv=1&sig=a", true),
            ("https://b.example/k?Expires=1&Signature=a&Key-Pair-Id=b", true),
            ("https://b.example/callback?code=1&state=2", true),
            ("https://b.example/verify?token=1", true),
            ("https://b.example/verify?resetToken=1", true),
            ("https://b.example/verify?access_token=1", true),
            ("https://b.example/verify?OTP=123456", true),
            ("https://b.example/login?ticket=ST-1", true),
            ("https://b.example/reset/3f2a9c0d8b7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c", true),
            ("https://b.example/orders/7?page=2&sort=name", false),
            ("https://b.example/orders?zip_code=10115", false),
            ("https://b.example/orders/123e4567-e89b-12d3-a456-426614174000", false),
            ("https://b.example/", false),
            ("https://b.example/v2/order7", false),
            ("https://b.example/Rindfleischetikettierungsueberwachungsaufgabe", false),
            ("https://b.example/orders/1234567890123456789012345678901234567890", false),
            ("https://b.example/reset/3f2a9c0d8b7e6f5a4b3c2d1e0f9a8b7c6d5e4f3", false),
            ("https://b.example/reset/3f2a9c0d8b7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a", true),
            ("https://b.example/reset/3f2a9c0d8b7e6f5a4b3c-2d1e0f9a8b7c6d5e4f3a2b1c", false),
            ("https://b.example/reset/3f2a9c0d8b7e6f5a4b3c,2d1e0f9a8b7c6d5e4f3a2b1c", false),
            ("https://b.example/reset/3f2a9c0d8b7e6f5a4b3c.2d1e0f9a8b7c6d5e4f3a2b1c", true),
        ] {
            assert_eq!(looks_signed(&Url::parse(url).expect("a URL")), expected, "{url}");
        }
    }
}
