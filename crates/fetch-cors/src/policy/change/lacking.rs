//! Finds everything that a policy lacks for a request, or everything that no policy can give it.

use std::{borrow::Cow, collections::HashSet, net::Ipv4Addr};

use super::{
    Change, ChangeStep, NoChange, Obstacle, Wanted,
    near_miss::near_misses,
    opt_in::{Standing, standing},
};
use crate::{
    masked::masked,
    origin_set::wildcard::MAX_ORIGIN,
    policy::{
        Policy, PolicyConfig, ProblemKind, Setting, host,
        names::{self, MAX_ECHOED_HEADERS, MAX_ECHOED_METHOD, Names},
        problem::Fault,
    },
};

/// A log looks at no more entries of a policy than this, so that a refused request stays cheap to explain. Policies that
/// people write by hand have fewer.
const MAX_ENTRIES_FOR_LOG: usize = 256;

impl Policy {
    /// What this policy lacks for a request: all of it at once. An empty change lets the request through already. [`Wanted`]
    /// and [`Change`] have examples.
    ///
    /// The change is for the policy's normalized form, [`to_config`](Self::to_config). Whoever holds the configuration that
    /// a person wrote asks that: [`PolicyConfig::change_for`].
    ///
    /// # Errors
    ///
    /// [`NoChange`] says why no policy helps.
    pub fn change_for(&self, wanted: &Wanted) -> Result<Change, NoChange> {
        self.change_within(wanted, usize::MAX)
    }

    /// The same for a log, in bounded time: of a large policy it looks at some entries only, so that it may miss similar
    /// origins, and opt-ins that the other entries will need.
    pub(crate) fn change_for_log(&self, wanted: &Wanted) -> Result<Change, NoChange> {
        self.change_within(wanted, MAX_ENTRIES_FOR_LOG)
    }

    fn change_within(&self, wanted: &Wanted, most: usize) -> Result<Change, NoChange> {
        let listed = &self.parts().origins.listed;
        let entries = || {
            let wildcards = listed.wildcards().map(|wildcard| Cow::Owned(wildcard.to_string()));
            listed.exact().map(Cow::Borrowed).chain(wildcards).take(most)
        };
        Lacking::new(self, wanted).find(self, entries)
    }
}

impl PolicyConfig {
    /// What this configuration lacks for a request: all of it at once. An empty change lets the request through already.
    /// [`Wanted`] and [`Change`] have examples.
    ///
    /// # Errors
    ///
    /// [`NoChange`] says why no policy helps, or what is wrong with this one.
    pub fn change_for(&self, wanted: &Wanted) -> Result<Change, NoChange> {
        let build = |config: PolicyConfig| {
            let invalid = |invalid| NoChange {
                obstacles: vec![Obstacle::InvalidPolicy(invalid)],
                near_misses: Vec::new(),
            };
            Policy::try_from(config).map_err(invalid)
        };
        let policy = build(self.clone())?;
        // What is left where `*` must go.
        let mut rest = self.clone();
        rest.allow_origins.retain(|entry| entry != "*");
        let entries = [rest.allow_origins.as_slice(), &rest.danger_allow_origins].concat();
        let rest = build(rest)?;
        Lacking::new(&policy, wanted)
            .find(&rest, || entries.iter().map(|entry| Cow::Borrowed(entry.as_str())))
    }
}

/// What was found so far.
struct Lacking<'a> {
    policy: &'a Policy,
    wanted: &'a Wanted,
    /// Whether credentials must be turned on.
    adds_credentials: bool,
    /// Whether the policy has credentials then.
    credentials: bool,
    change: Change,
    obstacles: Vec<Obstacle>,
}

impl<'a> Lacking<'a> {
    fn new(policy: &'a Policy, wanted: &'a Wanted) -> Self {
        let adds_credentials = wanted.credentials == Some(true) && !policy.allows_credentials();
        let credentials = adds_credentials || policy.allows_credentials();
        Self {
            policy,
            wanted,
            adds_credentials,
            credentials,
            change: Change::default(),
            obstacles: Vec::new(),
        }
    }

    /// `rest` is the policy without a `*` among its origins, and `entries` are its other origins.
    fn find<'e, I>(mut self, rest: &Policy, entries: impl Fn() -> I) -> Result<Change, NoChange>
    where
        I: Iterator<Item = Cow<'e, str>>,
    {
        // CORS doesn't apply to a page of the server's own.
        if self.wanted.server.as_ref() == Some(&self.wanted.origin) {
            return Ok(self.change);
        }
        if self.is_mixed_content() {
            self.obstacles.push(Obstacle::MixedContent);
        }
        self.origin(rest, &entries);
        if self.adds_credentials {
            self.add_credentials(entries());
        }
        self.method();
        self.headers();
        self.response_headers();
        if self.obstacles.is_empty() {
            Ok(self.change)
        } else {
            Err(NoChange { obstacles: self.obstacles, near_misses: self.change.near_misses })
        }
    }

    /// Whether browsers send nothing, because the page came over https. Chromium makes an exception for local addresses, so
    /// those are not counted. <https://w3c.github.io/webappsec-mixed-content/#should-block-fetch>
    fn is_mixed_content(&self) -> bool {
        let server = self.wanted.server.as_deref().and_then(|server| server.strip_prefix("http://"));
        let is_local = |host: &str| {
            host::is_loopback(host)
                || host.rsplit_once('.').is_some_and(|(_, last)| last == "local")
                || host
                    .parse::<Ipv4Addr>()
                    .is_ok_and(|address| address.is_private() || address.is_link_local())
        };
        self.wanted.origin.starts_with("https://")
            && server.is_some_and(|authority| !is_local(host::without_port(authority)))
    }

    fn origin<'e, I>(&mut self, rest: &Policy, entries: &impl Fn() -> I)
    where
        I: Iterator<Item = Cow<'e, str>>,
    {
        let origin = self.wanted.origin.as_str();
        let is_star = self.policy.allows_any_origin();
        if is_star && !self.adds_credentials {
            return;
        }
        if is_star {
            // Browsers treat it literally where there are credentials.
            self.remove(Setting::AllowOrigins, "*");
        }
        let is_allowed = |origin: &str| rest.lists(origin.as_bytes());
        if is_allowed(origin) {
            return;
        }
        if origin == "null" {
            self.obstacles.push(Obstacle::NullOrigin);
        } else if origin.len() > MAX_ORIGIN || origin.contains('*') {
            self.obstacles.push(Obstacle::NoOrigin { origin: masked(origin).into_owned() });
        } else {
            self.change.near_misses = near_misses(origin, entries(), is_allowed);
            match standing(origin, self.credentials) {
                Standing::Accepted => self.add(Setting::AllowOrigins, origin),
                Standing::NeedsOptIn(opt_in) => {
                    self.add(Setting::DangerAllowOrigins, origin);
                    self.change.opt_ins.push(opt_in);
                }
                Standing::Refused(kind) => {
                    self.obstacles.push(Obstacle::Origin { origin: masked(origin).into_owned(), kind });
                }
            }
        }
    }

    fn add_credentials<'e>(&mut self, entries: impl Iterator<Item = Cow<'e, str>>) {
        self.change.steps.push(ChangeStep::TurnOn { setting: Setting::AllowCredentials });
        let mut named: HashSet<String> =
            self.change.opt_ins.iter().map(|opt_in| opt_in.entry.clone()).collect();
        // The origins that are allowed already may act as the signed-in user from now on.
        for entry in entries {
            let is_accepted_now = matches!(standing(&entry, false), Standing::Accepted);
            if is_accepted_now
                && let Standing::NeedsOptIn(opt_in) = standing(&entry, true)
                && named.insert(opt_in.entry.clone())
            {
                self.remove(Setting::AllowOrigins, &entry);
                self.add(Setting::DangerAllowOrigins, &entry);
                self.change.opt_ins.push(opt_in);
            }
        }
    }

    fn method(&mut self) {
        let Some(method) = self.wanted.method.as_deref() else { return };
        let impossible = |kind| Obstacle::Method { method: masked(method).into_owned(), kind };
        // First, because a client may have chosen it, and what is not a method is not worth a search for what it means.
        if !names::is_token(method.as_bytes()) {
            self.obstacles.push(impossible(ProblemKind::InvalidMethod));
            return;
        }
        let checked = names::method(method, true);
        if let Err(Fault { kind: kind @ ProblemKind::ForbiddenMethod, .. }) = &checked {
            self.obstacles.push(impossible(*kind));
            return;
        }
        let sent = if self.wanted.is_method_as_sent { method.to_owned() } else { names::normalized(method) };
        let setting = Setting::AllowMethods;
        match &self.policy.parts().methods {
            _ if names::SAFELISTED_METHODS.contains(&sent.as_str()) => return,
            Names::Any if self.credentials && sent.len() > MAX_ECHOED_METHOD => {
                self.obstacles.push(Obstacle::TooLongToEcho { setting });
                return;
            }
            Names::Any => return,
            Names::Listed(listed) if listed.contains(&sent) => return,
            Names::Listed(_) => {}
        }
        match checked {
            Ok(meant) if meant != sent => {
                self.obstacles.push(Obstacle::MethodCase { method: method.to_owned(), meant });
            }
            Ok(name) if name == "*" => self.obstacles.push(Obstacle::Star { setting }),
            Ok(name) => {
                self.add(setting, &name);
                if names::method(&name, false).is_err() {
                    self.allow_unusual_names();
                }
            }
            Err(Fault { kind: ProblemKind::MethodCase, suggestion: Some(meant), .. }) => {
                self.obstacles.push(Obstacle::MethodCase { method: method.to_owned(), meant });
            }
            Err(fault) => self.obstacles.push(impossible(fault.kind)),
        }
    }

    fn headers(&mut self) {
        let setting = Setting::AllowHeaders;
        let mut names = in_lower_case(&self.wanted.headers);
        names.retain(|name| {
            let is_valid = names::is_token(name.as_bytes());
            if !is_valid {
                let kind = ProblemKind::InvalidHeaderName;
                self.obstacles.push(Obstacle::Header { name: masked(name).into_owned(), kind });
            }
            is_valid
        });
        let listed = match &self.policy.parts().headers {
            Names::Listed(listed) => listed,
            Names::Any => {
                let length = names.iter().map(|name| name.len() + 1).sum::<usize>();
                if self.credentials && length > MAX_ECHOED_HEADERS + 1 {
                    self.obstacles.push(Obstacle::TooLongToEcho { setting });
                }
                return;
            }
        };
        let listed: HashSet<&str> = listed.iter().map(String::as_str).collect();
        for name in names.into_iter().filter(|name| !listed.contains(name.as_str())) {
            match names::request_header(&name, true) {
                Ok(_) if name == "*" => self.obstacles.push(Obstacle::Star { setting }),
                Ok(_) => {
                    self.add(setting, &name);
                    if names::request_header(&name, false).is_err() {
                        self.allow_unusual_names();
                    }
                }
                Err(fault) => self
                    .obstacles
                    .push(Obstacle::Header { name: masked(&name).into_owned(), kind: fault.kind }),
            }
        }
    }

    fn response_headers(&mut self) {
        let setting = Setting::ExposeHeaders;
        // With credentials, `*` exposes the response's own names, so it covers everything in either case.
        let listed = match &self.policy.parts().exposed {
            Names::Any => &[][..],
            Names::Listed(listed) => listed.as_slice(),
        };
        let listed: HashSet<&str> = listed.iter().map(String::as_str).collect();
        let covers_all = matches!(self.policy.parts().exposed, Names::Any);
        for name in in_lower_case(&self.wanted.response_headers) {
            match names::exposed_header(&name, true) {
                _ if names::SAFELISTED_RESPONSE_HEADERS.contains(&name.as_str())
                    || listed.contains(name.as_str()) => {}
                Err(fault) => self
                    .obstacles
                    .push(Obstacle::ResponseHeader { name: masked(&name).into_owned(), kind: fault.kind }),
                Ok(_) if name == "*" => self.obstacles.push(Obstacle::Star { setting }),
                Ok(_) if covers_all => {}
                Ok(_) => {
                    self.add(setting, &name);
                    if names::exposed_header(&name, false).is_err() {
                        self.allow_unusual_names();
                    }
                }
            }
        }
    }

    /// A name that looks like a typo is one that the page really sends.
    fn allow_unusual_names(&mut self) {
        let step = ChangeStep::TurnOn { setting: Setting::AllowUnusualNames };
        if !self.policy.parts().allow_unusual_names && !self.change.steps.contains(&step) {
            self.change.steps.push(step);
        }
    }

    fn add(&mut self, setting: Setting, entry: &str) {
        self.change.steps.push(ChangeStep::Add { setting, entry: entry.to_owned() });
    }

    fn remove(&mut self, setting: Setting, entry: &str) {
        self.change.steps.push(ChangeStep::Remove { setting, entry: entry.to_owned() });
    }
}

/// Each name once, sorted.
fn in_lower_case(names: &[String]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
