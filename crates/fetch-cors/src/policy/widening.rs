//! What one policy allows and another does not: exact, even for patterns against patterns, with an example of each
//! difference. For people who review a change of policy; no request is decided here.

use std::{collections::BTreeSet, fmt};

use super::{
    AllowedOrigins, Policy,
    names::{self, Names},
};
use crate::origin_set::{
    OriginSet,
    labels::{self, MAX_HOST, MAX_LABEL},
    wildcard::{Port, Wildcard, default_port, parse_port},
};

/// Something that one policy allows and another does not, with an example; made by [`Policy::widening`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Widening {
    /// Pages of this origin, and perhaps of others, are allowed.
    Origin {
        /// An example of such an origin.
        origin: String,
    },
    /// This method, and perhaps others, is allowed.
    Method {
        /// An origin whose pages may use it.
        origin: String,
        /// An example of such a method.
        method: String,
    },
    /// This request header, and perhaps others, is allowed.
    Header {
        /// An origin whose pages may send it.
        origin: String,
        /// An example of such a header name.
        name: String,
    },
    /// This response header, and perhaps others, is exposed.
    ExposedHeader {
        /// An origin whose pages may read it.
        origin: String,
        /// An example of such a header name.
        name: String,
    },
    /// Cookies and other credentials are allowed.
    Credentials {
        /// An origin whose pages may use them.
        origin: String,
    },
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin { origin } => write!(f, "it allows the origin {origin}"),
            Self::Method { origin, method } => write!(f, "it allows the method {method}, e.g. to {origin}"),
            Self::Header { origin, name } => {
                write!(f, "it allows the request header {name}, e.g. to {origin}")
            }
            Self::ExposedHeader { origin, name } => {
                write!(f, "it exposes the response header {name}, e.g. to {origin}")
            }
            Self::Credentials { origin } => write!(f, "it allows credentials, e.g. to {origin}"),
        }
    }
}

impl Policy {
    /// What `other` allows that this policy does not, with one example of each kind; empty if there is nothing.
    ///
    /// The comparison is exact: if the list is empty, no request is allowed by `other` alone. How long preflight responses
    /// are cached is not compared.
    ///
    /// ```
    /// use fetch_cors::{Policy, Widening};
    ///
    /// let before = Policy::builder().allow_origins(["https://*.example.com"]).build()?;
    /// let after = Policy::builder()
    ///     .allow_origins(["https://*.example.com:*"])
    ///     .allow_methods(["PUT"])
    ///     .build()?;
    ///
    /// assert_eq!(
    ///     before.widening(&after),
    ///     [
    ///         Widening::Origin { origin: "https://evil.example.com:8443".to_owned() },
    ///         Widening::Method { origin: "https://evil.example.com".to_owned(), method: "PUT".to_owned() },
    ///     ]
    /// );
    /// assert_eq!(after.widening(&before), []);
    /// # Ok::<(), fetch_cors::InvalidPolicy>(())
    /// ```
    pub fn widening(&self, other: &Self) -> Vec<Widening> {
        // If no origin is allowed, nothing else is.
        let nothing = Self::deny_all();
        let (ours, theirs) = (if self.denies_all() { nothing.parts() } else { self.parts() }, other.parts());
        // An origin that `other` allows; if there is none, it allows nothing.
        let Some(origin) = example(&theirs.origins) else { return Vec::new() };
        let mut widenings = Vec::new();
        if let Some(origin) = uncovered(&ours.origins, &theirs.origins) {
            widenings.push(Widening::Origin { origin });
        }
        let method =
            unlisted(&ours.methods, &theirs.methods, &names::SAFELISTED_METHODS, &["PUT", "DELETE", "PATCH"]);
        if let Some(method) = method {
            widenings.push(Widening::Method { origin: origin.clone(), method });
        }
        let header = unlisted(&ours.headers, &theirs.headers, &[], &["authorization", "content-type"]);
        if let Some(name) = header {
            widenings.push(Widening::Header { origin: origin.clone(), name });
        }
        let exposed = unlisted(
            &ours.exposed,
            &theirs.exposed,
            &names::SAFELISTED_RESPONSE_HEADERS,
            &["etag", "location"],
        );
        if let Some(name) = exposed {
            widenings.push(Widening::ExposedHeader { origin: origin.clone(), name });
        }
        if theirs.credentials && !ours.credentials {
            widenings.push(Widening::Credentials { origin });
        }
        widenings
    }
}

/// A name that `theirs` allows and neither `ours` nor the safelist does. If any name will do, `usual` ones are tried first.
fn unlisted(ours: &Names, theirs: &Names, safelisted: &[&str], usual: &[&str]) -> Option<String> {
    let Names::Listed(ours) = ours else { return None };
    let is_new = |name: &str| !ours.iter().any(|listed| listed == name) && !safelisted.contains(&name);
    match theirs {
        Names::Listed(theirs) => theirs.iter().find(|name| is_new(name)).cloned(),
        Names::Any => {
            let usual = usual.iter().map(|&name| name.to_owned());
            // One more than `ours` lists, so at least one of them is new.
            let made_up = (0..=ours.len()).map(|number| format!("x-{number}"));
            usual.chain(made_up).find(|name| is_new(name))
        }
    }
}

/// Labels that look alarming first, then any that fit.
const USUAL_LABELS: [&str; 2] = ["evil", "www"];
const USUAL_PORTS: [u16; 3] = [8443, 8080, 3000];

fn example(AllowedOrigins { any, listed, .. }: &AllowedOrigins) -> Option<String> {
    if *any {
        return Some("https://evil.example".to_owned());
    }
    listed.exact().next().map(str::to_owned).or_else(|| {
        // Every wildcard matches at least one origin.
        listed.wildcards().find_map(|wildcard| outside(&OriginSet::default(), wildcard))
    })
}

/// An origin that `theirs` allows and `ours` does not.
fn uncovered(ours: &AllowedOrigins, theirs: &AllowedOrigins) -> Option<String> {
    if ours.any {
        return None;
    }
    let (ours, listed) = (&ours.listed, &theirs.listed);
    if theirs.any {
        // A host without a dot is not a subdomain, so each entry matches at most one of these. One more than there are
        // entries is enough.
        let entries = ours.exact().len() + ours.wildcards().len();
        let dotless = (0..=entries).map(|number| format!("https://host-{number}"));
        return std::iter::once("https://evil.example".to_owned())
            .chain(dotless)
            .find(|origin| !ours.contains(origin.as_bytes()));
    }
    listed
        .exact()
        .find(|origin| !ours.contains(origin.as_bytes()))
        .map(str::to_owned)
        .or_else(|| listed.wildcards().find_map(|wildcard| outside(ours, wildcard)))
}

/// An origin that the wildcard matches and the set does not contain.
fn outside(set: &OriginSet, wildcard: Wildcard<'_>) -> Option<String> {
    if set.covers(wildcard) {
        return None;
    }
    ports(set, wildcard).into_iter().find_map(|port| {
        let wildcard = Wildcard { port, ..wildcard };
        // For most ports the search ends here. Otherwise no pattern of the set matches all subdomains on this port: it
        // matches finitely many, or only deeper ones, so the search below finds another.
        if wildcard.subdomains && set.covers(wildcard) {
            return None;
        }
        hosts(wildcard)
            .map(|host| Wildcard { subdomains: false, host: &host, ..wildcard }.to_string())
            .find(|origin| !set.contains(origin.as_bytes()))
    })
}

/// The ports to try: the set treats all ports alike that none of its entries names, so one of those is enough.
fn ports(set: &OriginSet, wildcard: Wildcard<'_>) -> Vec<Port> {
    if wildcard.port != Port::Any {
        return vec![wildcard.port];
    }
    let of_exact = |origin: &str| {
        origin.rsplit_once(':').and_then(|(_, port)| parse_port(port)).map_or(Port::Default, Port::Number)
    };
    let named: BTreeSet<Port> =
        set.exact().map(of_exact).chain(set.wildcards().map(|wildcard| wildcard.port)).collect();
    let default = default_port(wildcard.secure);
    let numbers = USUAL_PORTS.into_iter().chain(1..=u16::MAX).filter(|&number| number != default);
    let fresh = numbers.map(Port::Number).find(|port| !named.contains(port));
    let is_number = |port: &Port| matches!(*port, Port::Number(number) if number != default);
    std::iter::once(Port::Default).chain(fresh).chain(named.iter().copied().filter(is_number)).collect()
}

/// Every host that the wildcard matches: those with a single label before the base first, shorter before longer.
fn hosts(wildcard: Wildcard<'_>) -> Box<dyn Iterator<Item = String> + '_> {
    let base = wildcard.host;
    if !wildcard.subdomains {
        return Box::new(std::iter::once(base.to_owned()));
    }
    let room = (MAX_HOST + usize::from(base.ends_with('.'))).saturating_sub(base.len() + 1);
    let usual = USUAL_LABELS.into_iter().filter(move |label| label.len() <= room).map(str::to_owned);
    let single = (1..=room.min(MAX_LABEL)).flat_map(|length| strings(LABEL_BYTES, length));
    let several = (3..=room)
        .flat_map(|length| strings(LABEL_BYTES_AND_DOT, length))
        .filter(|labels| labels.contains('.') && labels::is_labels(labels.as_bytes()));
    Box::new(usual.chain(single).chain(several).map(move |labels| format!("{labels}.{base}")))
}

const LABEL_BYTES: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_";
const LABEL_BYTES_AND_DOT: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.";

/// Every string of a length over an alphabet, in alphabetical order.
fn strings(alphabet: &'static [u8], length: usize) -> impl Iterator<Item = String> {
    let mut next = Some(vec![0; length]);
    std::iter::from_fn(move || {
        let digits = next.take()?;
        let text = digits.iter().map(|&digit: &usize| char::from(alphabet[digit])).collect();
        next = successor(digits, alphabet.len());
        Some(text)
    })
}

/// Counts up by one; none after the last.
fn successor(mut digits: Vec<usize>, base: usize) -> Option<Vec<usize>> {
    for digit in digits.iter_mut().rev() {
        *digit += 1;
        if *digit < base {
            return Some(digits);
        }
        *digit = 0;
    }
    None
}
