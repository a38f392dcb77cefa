//! The builder, and the validation that builder and configuration share. It checks every setting before it returns, so that
//! all mistakes are reported at once.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{
    AllowedOrigins, InvalidPolicy, Parts, Policy, PolicyConfig, Problem, ProblemKind, Setting,
    names::{self, Names},
    opt_in::opt_in,
    pattern::{self, Pattern},
    problem::{Fact, Fault},
};
use crate::origin_set::{
    Entries, OriginSet,
    wildcard::{InLabel, MAX_IN_LABEL, Port, Wildcard},
};

/// The longest max-age that any browser honours: Firefox caches a preflight response for 24 hours, Chromium for two.
pub(crate) const MAX_MAX_AGE: u64 = 86_400;

/// Collects what a policy allows; [`build`](PolicyBuilder::build) checks it. Made by [`Policy::builder`].
///
/// Methods that take a list add to it, so they can be called more than once. What is never listed is not allowed.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::Policy;
///
/// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
///     let is_development = true;
///     let mut builder = Policy::builder()
///         .allow_origins(["https://app.example.com", "https://*.preview.example.com"])
///         .allow_methods(["PUT", "DELETE"])
///         .allow_headers(["content-type", "x-request-id"])
///         .expose_headers(["etag"])
///         .allow_credentials()
///         .max_age(Duration::from_secs(3600));
///     if is_development {
///         builder = builder.allow_origin("http://localhost:*");
///     }
///     let policy = builder.build()?;
///     println!("{}", policy.summary());
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyBuilder {
    config: PolicyConfig,
    /// Replaces `config.max_age`, which can't hold a fraction of a second.
    max_age: Option<Duration>,
}

impl From<PolicyConfig> for PolicyBuilder {
    fn from(config: PolicyConfig) -> Self {
        Self { max_age: config.max_age.map(Duration::from_secs), config }
    }
}

impl PolicyBuilder {
    /// Origins whose pages may read responses. They decide the value of
    /// [`Access-Control-Allow-Origin`](https://fetch.spec.whatwg.org/#http-access-control-allow-origin).
    ///
    /// | permitted | means |
    /// |---|---|
    /// | `https://app.example.com` | exactly this origin |
    /// | `https://*.example.com` | one or more labels before `.example.com`, never `example.com` itself |
    /// | `http://localhost:*` | any port, including the default |
    /// | `https://*.example.com:*` | both |
    /// | `https://pr-*.example.com` | one or more of `a-z`, `0-9` and `-` for the `*`, never a dot |
    /// | `http://192.168.*.*:5173` | the last octets of a private IPv4 address |
    /// | `tauri://localhost`, `com.acme.app://localhost` | a custom scheme, exactly as the app's web view sends it |
    /// | `*` | any origin; only without credentials |
    ///
    /// | prohibited | because |
    /// |---|---|
    /// | `https://app.example.com/` | an origin has no path, not even a trailing slash |
    /// | `app.example.com` | an origin starts with a scheme |
    /// | `https://App.example.com`, `https://bücher.example` | browsers send lower case and Punycode |
    /// | `https://app.example.com:443` | browsers leave out the default port |
    /// | `https://*example.com` | anyone can register a name that matches, such as `evil-example.com` |
    /// | `https://app.*.com` | a wildcard is in the first label, or stands for whole labels in front |
    /// | `http://172.*.*.*`, `http://10.*` | not all such addresses are private; an address has four octets |
    /// | `null` | every sandboxed frame and most local files send `null`, so any site can |
    ///
    /// What could let in more than it seems needs an opt-in, a place in
    /// [`danger_allow_origins`](Self::danger_allow_origins) instead of here.
    pub fn allow_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.config.allow_origins.extend(origins.into_iter().map(|origin| origin.as_ref().to_owned()));
        self
    }

    /// One more origin, as in [`allow_origins`](Self::allow_origins).
    pub fn allow_origin(self, origin: impl AsRef<str>) -> Self {
        self.allow_origins([origin])
    }

    /// Methods that scripts may use in addition to `GET`, `HEAD` and `POST`, which are
    /// [CORS-safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-method) and always allowed (listing them is fine).
    /// `*` allows every method; with credentials, where the requested method is echoed, every method of up to 64 bytes.
    ///
    /// Permitted: `PUT`, `put` (browsers send it as `PUT`), `PATCH`, `Custom`. Prohibited: `patch` (browsers send it exactly
    /// as written, and servers expect `PATCH`), `CONNECT`, `TRACE` and `TRACK` (browsers forbid them).
    pub fn allow_methods<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.config.allow_methods.extend(methods.into_iter().map(|method| method.as_ref().to_owned()));
        self
    }

    /// Request headers that scripts may set in addition to the
    /// [CORS-safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-request-header) ones, in upper or lower case. `*`
    /// allows every header, including `authorization`; with credentials, where the requested names are echoed, up to 4096
    /// bytes of names.
    ///
    /// Permitted: `content-type`, `Authorization`, `x-request-id`. Prohibited: `cookie`, `origin`, `sec-…` (scripts can't
    /// set them), `access-control-allow-origin` and other response headers.
    pub fn allow_headers<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.config.allow_headers.extend(names.into_iter().map(|name| name.as_ref().to_owned()));
        self
    }

    /// Response headers that scripts may read in addition to the
    /// [CORS-safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name) ones, in upper or lower case.
    /// `*` exposes all of them. With credentials, where browsers treat `*` as a literal name, it lists the names of the
    /// response's own headers, as the middleware sees them: up to 4096 bytes, without `Access-Control-*` and headers of the
    /// connection, and none for a 304.
    ///
    /// Permitted: `etag`, `X-Request-Id`. Prohibited: `set-cookie` (scripts can never read it), `origin`, `if-match` and
    /// other request headers.
    pub fn expose_headers<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.config.expose_headers.extend(names.into_iter().map(|name| name.as_ref().to_owned()));
        self
    }

    /// Lets pages of the allowed origins act as the signed-in user: their requests carry cookies and HTTP authentication,
    /// and their scripts read the responses. It sends
    /// [`Access-Control-Allow-Credentials`](https://fetch.spec.whatwg.org/#http-access-control-allow-credentials).
    ///
    /// Turn it on only if you would trust every allowed origin with the user's session.
    pub fn allow_credentials(mut self) -> Self {
        self.config.allow_credentials = true;
        self
    }

    /// How long a browser may cache a preflight response, instead of sending another preflight: whole seconds, up to 86 400
    /// (24 hours, Firefox's limit; Chromium's is two hours, Safari's ten minutes). Without it, browsers cache for five
    /// seconds; zero turns caching off. It is sent as
    /// [`Access-Control-Max-Age`](https://fetch.spec.whatwg.org/#http-access-control-max-age).
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Accepts methods and header names that look like a typo of a well-known one, or that consist of unusual characters, as
    /// in `OPTION` and `x-a!`. Names that no request or response can have stay refused.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// let builder = Policy::builder().allow_origins(["https://app.example.com"]).allow_headers(["content_type"]);
    /// let invalid = builder.clone().build().unwrap_err();
    /// assert_eq!(invalid.problems()[0].suggestion(), Some("content-type"));
    /// assert!(builder.allow_unusual_names().build().is_ok());
    /// ```
    pub fn allow_unusual_names(mut self) -> Self {
        self.config.allow_unusual_names = true;
        self
    }

    /// Origins and patterns that are refused in [`allow_origins`](Self::allow_origins) because someone who is easily
    /// overlooked could then read responses. An entry that needs no opt-in is refused here.
    ///
    /// | entry | who could read what |
    /// |---|---|
    /// | `http://app.example.com`, with credentials | anyone on the network between a user and this site: what the user can read, even if your server uses TLS |
    /// | `https://*.github.io`, `https://pr-*.netlify.app`, with credentials | anyone who registers a name that matches, often for free: what the user can read |
    /// | `http://192.168.*.*:5173`, with credentials (not `127.*.*.*`) | any device with such an address, in every network that the user joins: what the user can read |
    /// | `file://`, with credentials | any local file that is opened in an app which sends this origin: what the user can read |
    /// | `moz-extension://*`, and `chrome-extension`, `safari-web-extension`, `vscode-webview`, always | any installed extension, even one without permissions: the responses |
    ///
    /// No opt-in can save `null`, nor `*` with credentials.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let policy = Policy::builder()
    ///         .allow_origins(["https://app.example.com"])
    ///         .danger_allow_origins(["http://192.168.1.20:5173"])
    ///         .allow_credentials()
    ///         .build()?;
    ///     assert!(policy.allows(&"http://192.168.1.20:5173".parse()?));
    ///     Ok(())
    /// }
    /// ```
    pub fn danger_allow_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.config.danger_allow_origins.extend(origins.into_iter().map(|origin| origin.as_ref().to_owned()));
        self
    }

    /// Checks everything and makes the policy.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy`] lists every problem, each with what to write instead.
    pub fn build(self) -> Result<Policy, InvalidPolicy> {
        let config = &self.config;
        let mut problems = Problems::default();
        let origins = origins(config, &mut problems);
        let unusual = config.allow_unusual_names;
        let methods = name_list(
            Setting::AllowMethods,
            &config.allow_methods,
            |name| names::method(name, unusual),
            &mut problems,
        );
        let headers = name_list(
            Setting::AllowHeaders,
            &config.allow_headers,
            |name| names::request_header(name, unusual),
            &mut problems,
        );
        let exposed = name_list(
            Setting::ExposeHeaders,
            &config.expose_headers,
            |name| names::exposed_header(name, unusual),
            &mut problems,
        );
        let max_age = max_age(self.max_age, &mut problems);
        InvalidPolicy::unless_empty(problems.0)?;

        Ok(Policy::from_parts(Parts {
            origins,
            methods,
            headers,
            exposed,
            credentials: config.allow_credentials,
            max_age,
            allow_unusual_names: config.allow_unusual_names,
        }))
    }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, setting: Setting, index: Option<usize>, value: &str, fault: Fault) {
        self.0.push(Problem::new(setting, index, value, fault));
    }
}

fn origins(config: &PolicyConfig, problems: &mut Problems) -> AllowedOrigins {
    let (mut any, mut entries, mut neighbours) = (false, Entries::default(), Neighbours::default());
    for setting in [Setting::AllowOrigins, Setting::DangerAllowOrigins] {
        let list = List { setting, credentials: config.allow_credentials };
        let values = if list.is_danger() { &config.danger_allow_origins } else { &config.allow_origins };
        for (index, value) in values.iter().enumerate() {
            let place = Some(index);
            match list.read(value) {
                Ok(Pattern::Any) => any = true,
                Ok(Pattern::Exact(origin)) => entries.exact.push(origin),
                Ok(Pattern::Wildcard(Wildcard::InLabel(in_label)))
                    if neighbours.are_too_many_with(in_label) =>
                {
                    problems.add(setting, place, value, ProblemKind::TooManyPatterns.into());
                }
                Ok(Pattern::Wildcard(wildcard)) => entries.push(wildcard),
                Err(fault) => {
                    for fault in list.with_faults_of_suggestion(value, fault) {
                        problems.add(setting, place, value, fault);
                    }
                }
            }
        }
    }
    // If every origin is allowed, the listed ones add nothing.
    let listed = if any { OriginSet::default() } else { OriginSet::new(&entries) };
    AllowedOrigins { any, denied_on_purpose: false, listed }
}

/// Different patterns with a `*` inside a label, by scheme, parent and port.
#[derive(Default)]
struct Neighbours<'a>(HashMap<(bool, &'a str, Port), Vec<InLabel<'a>>>);

impl<'a> Neighbours<'a> {
    fn are_too_many_with(&mut self, in_label: InLabel<'a>) -> bool {
        let InLabel { secure, parent, port, .. } = in_label;
        let neighbours = self.0.entry((secure, parent, port)).or_default();
        if neighbours.contains(&in_label) {
            return false;
        }
        let are_too_many = neighbours.len() == MAX_IN_LABEL;
        if !are_too_many {
            neighbours.push(in_label);
        }
        are_too_many
    }
}

/// One of the two lists of origins, as far as it decides which entries it takes.
#[derive(Clone, Copy)]
struct List {
    setting: Setting,
    credentials: bool,
}

impl List {
    fn is_danger(self) -> bool {
        self.setting == Setting::DangerAllowOrigins
    }

    fn read(self, value: &str) -> Result<Pattern<'_>, Fault> {
        let pattern = pattern::parse(value)?;
        match (opt_in(pattern, self.credentials), self.is_danger()) {
            _ if pattern == Pattern::Any && self.credentials => {
                Err(ProblemKind::AnyOriginWithCredentials.into())
            }
            (Some(fault), false) => Err(fault),
            (None, true) => Err(ProblemKind::NeedsNoOptIn.into()),
            _ => Ok(pattern),
        }
    }

    /// Reports what would still be wrong after following a suggestion, now instead of in the next run, and so on for the
    /// suggestion to fix that. All these faults get the last suggestion, if it is valid.
    fn with_faults_of_suggestion(self, value: &str, first: Fault) -> Vec<Fault> {
        let mut suggestion = first.suggestion.clone();
        let mut faults = vec![first];
        for _ in 0..MAX_FAULTS {
            let Some(next) = suggestion.as_deref().and_then(|text| self.read(text).err()) else {
                break;
            };
            suggestion.clone_from(&next.suggestion);
            if faults.iter().all(|fault| fault.kind != next.kind) {
                faults.push(next);
            }
        }
        let suggestion = suggestion.filter(|text| self.read(text).is_ok());
        let with_last = |fault: Fault| match fault.fact {
            Some(Fact::UnderPublicSuffix(_)) => Fault { suggestion: suggestion.clone(), ..fault },
            _ => pattern::fault(fault.kind, value, suggestion.clone()),
        };
        faults.into_iter().map(with_last).collect()
    }
}

/// An upper bound: no origin has this many faults one after another.
const MAX_FAULTS: usize = 8;

fn name_list(
    setting: Setting,
    values: &[String],
    read: impl Fn(&str) -> Result<String, Fault>,
    problems: &mut Problems,
) -> Names {
    let (mut any, mut listed, mut seen) = (false, Vec::new(), HashSet::new());
    for (index, value) in values.iter().enumerate() {
        match read(value) {
            _ if value == "*" => any = true,
            Ok(name) => {
                if seen.insert(name.clone()) {
                    listed.push(name);
                }
            }
            Err(fault) => problems.add(setting, Some(index), value, fault),
        }
    }
    if any { Names::Any } else { Names::Listed(listed) }
}

fn max_age(max_age: Option<Duration>, problems: &mut Problems) -> Option<u32> {
    let max_age = max_age?;
    let seconds = max_age.as_secs();
    let (kind, suggestion) = if seconds > MAX_MAX_AGE || seconds == MAX_MAX_AGE && max_age.subsec_nanos() > 0
    {
        (ProblemKind::MaxAgeTooLong, MAX_MAX_AGE)
    } else if max_age.subsec_nanos() > 0 {
        // Up, because rounding half a second down would turn the cache off.
        (ProblemKind::MaxAgeFraction, seconds + 1)
    } else {
        return u32::try_from(seconds).ok();
    };
    let fault = Fault::with_suggestion(kind, Some(suggestion.to_string()));
    let value = if max_age.subsec_nanos() == 0 { seconds.to_string() } else { format!("{max_age:?}") };
    problems.add(Setting::MaxAge, None, &value, fault);
    None
}
