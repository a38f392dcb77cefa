//! The cookie of the user who signs in. Which attributes it has is up to the query, so that lessons can compare them.

use std::fmt;

use actix_web::{
    cookie::{Cookie, SameSite},
    web::Query,
};
use serde::{Deserialize, Serialize};

use super::headers::USER_COOKIE;

/// The attributes of the user's cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CookieKind {
    /// `SameSite=Lax`
    #[default]
    Lax,
    /// `SameSite=Strict`
    Strict,
    /// `SameSite=None; Secure`: what a cookie needs to be sent to other sites.
    None,
    /// `SameSite=None` without the `Secure` that it needs.
    NoneInsecure,
    /// `SameSite=None; Secure; Partitioned`
    Partitioned,
    /// Nothing about other sites.
    Unspecified,
}

impl CookieKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Lax, Self::Strict, Self::None, Self::NoneInsecure, Self::Partitioned, Self::Unspecified];

    /// Its value of `SameSite`; none if it has no such attribute.
    pub const fn same_site(self) -> Option<SameSite> {
        match self {
            Self::Lax => Some(SameSite::Lax),
            Self::Strict => Some(SameSite::Strict),
            Self::None | Self::NoneInsecure | Self::Partitioned => Some(SameSite::None),
            Self::Unspecified => None,
        }
    }

    /// Whether it has the attribute `Secure`.
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::None | Self::Partitioned)
    }

    /// Whether it has the attribute `Partitioned`.
    pub const fn is_partitioned(self) -> bool {
        matches!(self, Self::Partitioned)
    }

    /// Of a query: `cookie=none`, for example.
    ///
    /// # Errors
    ///
    /// Which values there are, in words.
    pub fn read(query: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct LoginQuery {
            #[serde(default)]
            cookie: CookieKind,
        }
        Query::<LoginQuery>::from_query(query).map(|query| query.cookie).map_err(|_| {
            "cookie is lax, strict, none, none-insecure, partitioned or unspecified: write ?cookie=none"
                .to_owned()
        })
    }

    /// The value of `Set-Cookie`, below this path.
    pub fn set_cookie(self, value: impl fmt::Display, path: &str) -> String {
        let mut cookie = Cookie::new(USER_COOKIE, value.to_string());
        cookie.set_path(path);
        cookie.set_http_only(true);
        cookie.set_same_site(self.same_site());
        cookie.set_secure(self.is_secure());
        // This version of the crate doesn't know the attribute.
        let partitioned = if self.is_partitioned() { "; Partitioned" } else { "" };
        format!("{cookie}{partitioned}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_chooses_among_six_cookies() {
        for (query, expected) in [
            ("", "lab_user=1; HttpOnly; SameSite=Lax; Path=/s/a/"),
            ("run=a1", "lab_user=1; HttpOnly; SameSite=Lax; Path=/s/a/"),
            ("cookie=lax", "lab_user=1; HttpOnly; SameSite=Lax; Path=/s/a/"),
            ("cookie=strict&run=a1", "lab_user=1; HttpOnly; SameSite=Strict; Path=/s/a/"),
            ("cookie=none", "lab_user=1; HttpOnly; SameSite=None; Secure; Path=/s/a/"),
            ("cookie=none-insecure", "lab_user=1; HttpOnly; SameSite=None; Path=/s/a/"),
            ("cookie=partitioned", "lab_user=1; HttpOnly; SameSite=None; Secure; Path=/s/a/; Partitioned"),
            ("cookie=unspecified", "lab_user=1; HttpOnly; Path=/s/a/"),
        ] {
            let kind = CookieKind::read(query).expect(query);
            assert_eq!(kind.set_cookie(1, "/s/a/"), expected, "{query}");
        }
        for query in [
            "cookie=",
            "cookie=None",
            "cookie=none;%20Domain=example.com",
            "cookie=a%0d%0ab",
            "cookie=1&cookie=lax",
        ] {
            assert!(CookieKind::read(query).is_err(), "{query}");
        }
    }
}
