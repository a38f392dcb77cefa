//! Changes and obstacles in words. Origins, methods and names may come from a client: they are escaped and cut, and of many
//! only the first are named, so that nobody can forge or flood a log with them.

use std::{
    collections::HashSet,
    fmt::{self, Write as _},
};

use super::{Change, ChangeStep, NearMiss, NeedsOptIn, NoChange, Obstacle, OptIn, OriginDifference};
use crate::policy::{
    PolicyConfig, Setting,
    escape::{MAX_SHOWN, escape},
    names::{MAX_ECHOED_HEADERS, MAX_ECHOED_METHOD},
};

/// At most this many obstacles and opt-ins are spelled out.
const MAX_NAMED: usize = 3;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing is lacking");
        }
        // A log doesn't know whose origin it is. It must not urge anybody to let a stranger in.
        let moved = self.moved();
        let adds_origin = [Setting::AllowOrigins, Setting::DangerAllowOrigins].into_iter().any(|list| {
            self.steps.iter().filter_map(|step| step.added_to(list)).any(|e| !moved.contains(e.as_str()))
        });
        f.write_str(if adds_origin { "if this is a front end of yours, " } else { "to allow it, " })?;
        f.write_str(&self.instruction())
    }
}

impl Change {
    /// What to do, in a clause that fits after a colon: `add "PUT" to allow_methods`. It names the opt-ins that are needed,
    /// with their risks, and similar origins that are allowed.
    pub fn instruction(&self) -> String {
        let mut text = join(&self.clauses());
        text += &opt_ins_in_words(&self.opt_ins);
        text + &near_misses_in_words(&self.near_misses)
    }

    fn clauses(&self) -> Vec<String> {
        const SETTINGS: [Setting; 7] = [
            Setting::AllowOrigins,
            Setting::DangerAllowOrigins,
            Setting::AllowCredentials,
            Setting::AllowMethods,
            Setting::AllowHeaders,
            Setting::ExposeHeaders,
            Setting::AllowUnusualNames,
        ];
        let moved = self.moved();
        let clause = |setting: Setting| {
            let (mut added, mut removed, mut is_on) = (Vec::new(), Vec::new(), false);
            for step in self.steps.iter().filter(|step| step.setting() == setting) {
                match step {
                    ChangeStep::Add { entry, .. } | ChangeStep::Remove { entry, .. }
                        if moved.contains(entry.as_str()) => {}
                    ChangeStep::Add { entry, .. } => added.push(entry.as_str()),
                    ChangeStep::Remove { entry, .. } => removed.push(entry.as_str()),
                    ChangeStep::TurnOn { .. } => is_on = true,
                }
            }
            match (added.is_empty(), removed.is_empty()) {
                (true, true) => is_on.then(|| format!("turn on {setting}")),
                (false, true) => Some(format!("add {} to {setting}", quoted(&added))),
                (false, false) => {
                    Some(format!("replace {} in {setting} with {}", quoted(&removed), quoted(&added)))
                }
                (true, false) => Some(format!("remove {} from {setting}", quoted(&removed))),
            }
        };
        let mut clauses: Vec<String> = SETTINGS.into_iter().filter_map(clause).collect();
        let dangers = self.steps.iter().filter_map(|step| step.added_to(Setting::DangerAllowOrigins));
        let moved: Vec<&str> = dangers.map(String::as_str).filter(|entry| moved.contains(entry)).collect();
        if !moved.is_empty() {
            let [from, to] = [Setting::AllowOrigins, Setting::DangerAllowOrigins];
            clauses.push(format!("move {} from {from} to {to}", quoted(&moved)));
        }
        clauses
    }

    /// The origins that are listed already, and go to the list of those that need an opt-in.
    fn moved(&self) -> HashSet<&str> {
        let of_origins = self.steps.iter().filter(|step| step.setting() == Setting::AllowOrigins);
        let removed: HashSet<&str> = of_origins.filter_map(ChangeStep::removed).collect();
        let added = self.steps.iter().filter_map(|step| step.added_to(Setting::DangerAllowOrigins));
        added.map(String::as_str).filter(|entry| removed.contains(entry)).collect()
    }

    /// The settings that change, as they stand in a TOML file afterwards, one per line. `config` is the configuration
    /// before the change.
    ///
    /// ```
    /// use fetch_cors::{PolicyConfig, Wanted};
    ///
    /// fn main() -> Result<(), fetch_cors::NoChange> {
    ///     let mut config = PolicyConfig::default();
    ///     config.allow_origins = vec!["https://app.example".to_owned()];
    ///     let wanted = Wanted::from_origin("https://app.example").method("PUT").credentials(true);
    ///     assert_eq!(
    ///         config.change_for(&wanted)?.to_toml(&config),
    ///         "allow_credentials = true\nallow_methods = [\"PUT\"]\n"
    ///     );
    ///     Ok(())
    /// }
    /// ```
    pub fn to_toml(&self, config: &PolicyConfig) -> String {
        let mut after = config.clone();
        self.danger_apply_with_opt_ins(&mut after);
        let mut text = String::new();
        let mut seen = Vec::new();
        for setting in self.steps.iter().map(ChangeStep::setting) {
            if seen.contains(&setting) {
                continue;
            }
            seen.push(setting);
            let _ = match setting {
                Setting::AllowOrigins => writeln!(text, "{setting} = {:?}", after.allow_origins),
                Setting::DangerAllowOrigins => writeln!(text, "{setting} = {:?}", after.danger_allow_origins),
                Setting::AllowMethods => writeln!(text, "{setting} = {:?}", after.allow_methods),
                Setting::AllowHeaders => writeln!(text, "{setting} = {:?}", after.allow_headers),
                Setting::ExposeHeaders => writeln!(text, "{setting} = {:?}", after.expose_headers),
                Setting::AllowCredentials => writeln!(text, "{setting} = {}", after.allow_credentials),
                Setting::AllowUnusualNames => writeln!(text, "{setting} = {}", after.allow_unusual_names),
                Setting::MaxAge => Ok(()),
            };
        }
        text
    }

    /// What to write in Rust, one call of the builder per line. What must be removed stands in a comment.
    ///
    /// ```
    /// use fetch_cors::{Policy, Wanted};
    ///
    /// fn main() -> Result<(), fetch_cors::NoChange> {
    ///     let wanted = Wanted::from_origin("https://app.example").credentials(true);
    ///     assert_eq!(
    ///         Policy::any_origin().change_for(&wanted)?.to_rust(),
    ///         "// Remove \"*\" from allow_origins.\n\
    ///          .allow_origins([\"https://app.example\"])\n\
    ///          .allow_credentials()\n"
    ///     );
    ///     Ok(())
    /// }
    /// ```
    pub fn to_rust(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            if let ChangeStep::Remove { setting, entry } = step {
                let _ = writeln!(text, "// Remove {entry:?} from {setting}.");
            }
        }
        let mut seen = Vec::new();
        for setting in self.steps.iter().map(ChangeStep::setting) {
            if seen.contains(&setting) {
                continue;
            }
            seen.push(setting);
            let added: Vec<&String> = self.steps.iter().filter_map(|step| step.added_to(setting)).collect();
            if !added.is_empty() {
                let _ = writeln!(text, ".{setting}({added:?})");
            } else if matches!(setting, Setting::AllowCredentials | Setting::AllowUnusualNames) {
                let _ = writeln!(text, ".{setting}()");
            }
        }
        text
    }
}

impl ChangeStep {
    pub(super) fn removed(&self) -> Option<&str> {
        match self {
            Self::Remove { entry, .. } => Some(entry),
            _ => None,
        }
    }

    pub(super) fn added_to(&self, list: Setting) -> Option<&String> {
        match self {
            Self::Add { setting, entry } if *setting == list => Some(entry),
            _ => None,
        }
    }
}

impl fmt::Display for OptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" needs an opt-in: {}", escape(self.entry.as_bytes()), self.kind.why())
    }
}

fn near_misses_in_words(near_misses: &[NearMiss]) -> String {
    let near: Vec<String> = near_misses.iter().map(ToString::to_string).collect();
    if near.is_empty() { String::new() } else { format!("; already allowed: {}", join(&near)) }
}

fn opt_ins_in_words(opt_ins: &[OptIn]) -> String {
    let mut text = String::new();
    for opt_in in opt_ins.iter().take(MAX_NAMED) {
        let _ = write!(text, "; {opt_in}");
    }
    if opt_ins.len() > MAX_NAMED {
        let _ = write!(text, "; {} more origins need an opt-in", opt_ins.len() - MAX_NAMED);
    }
    text
}

impl fmt::Display for NeedsOptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the change takes a risk that you must accept first{}", opt_ins_in_words(&self.opt_ins))
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let difference = match self.difference {
            OriginDifference::Scheme => "another scheme",
            OriginDifference::Port => "another port",
            OriginDifference::SchemeAndPort => "another scheme and port",
            OriginDifference::Www if self.allowed.contains("://www.") => "with www",
            OriginDifference::Www => "without www",
            OriginDifference::LoopbackName => "another name for this machine",
            OriginDifference::TrailingDot if host_ends_with_dot(&self.allowed) => "with a trailing dot",
            OriginDifference::TrailingDot => "without the trailing dot",
        };
        write!(f, "\"{}\" ({difference})", escape(self.allowed.as_bytes()))
    }
}

fn host_ends_with_dot(origin: &str) -> bool {
    origin.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(':').ends_with('.')
}

impl fmt::Display for NoChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, obstacle) in self.obstacles.iter().take(MAX_NAMED).enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            obstacle.fmt(f)?;
        }
        if self.obstacles.len() > MAX_NAMED {
            write!(f, "; and {} more", self.obstacles.len() - MAX_NAMED)?;
        }
        f.write_str(&near_misses_in_words(&self.near_misses))
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut refused = |value: &str, setting: Setting, why: &str| {
            write!(f, "\"{}\" can't be added to {setting}: {why}", escape(value.as_bytes()))
        };
        match self {
            Self::NullOrigin => refused("null", Setting::AllowOrigins, crate::ProblemKind::NullOrigin.why()),
            Self::Origin { origin, kind } => refused(origin, Setting::AllowOrigins, kind.why()),
            Self::Method { method, kind } => refused(method, Setting::AllowMethods, kind.why()),
            Self::Header { name, kind: crate::ProblemKind::ResponseHeaderAmongAllowed } => write!(
                f,
                "in the page, remove \"{}\" from the request's headers: only a response can use it",
                escape(name.as_bytes())
            ),
            Self::Header { name, kind } => refused(name, Setting::AllowHeaders, kind.why()),
            Self::ResponseHeader { name, kind } => refused(name, Setting::ExposeHeaders, kind.why()),
            Self::Star { setting } => {
                let what = if *setting == Setting::AllowMethods { "method" } else { "header" };
                refused(
                    "*",
                    *setting,
                    &format!("there it would mean every {what}; give the {what} another name"),
                )
            }
            Self::NoOrigin { .. } => f.write_str("no browser sends such an origin"),
            Self::MethodCase { method, meant } => write!(
                f,
                "methods are case-sensitive: the page must write \"{meant}\", not \"{}\"",
                escape(method.as_bytes())
            ),
            Self::TooLongToEcho { setting: Setting::AllowMethods } => {
                write!(f, "only method names of up to {MAX_ECHOED_METHOD} bytes are echoed")
            }
            Self::TooLongToEcho { .. } => {
                write!(f, "only lists of header names of up to {MAX_ECHOED_HEADERS} bytes are echoed")
            }
            Self::MixedContent => f.write_str(
                "a page loaded over https can't send requests over plain http; serve the API over https",
            ),
            Self::InvalidPolicy(invalid) => write!(f, "correct the policy first: {invalid}"),
        }
    }
}

/// As many as fit, each in quotation marks.
fn quoted(entries: &[&str]) -> String {
    let mut text = String::new();
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 && text.len() + entry.len() > MAX_SHOWN {
            let _ = write!(text, " and {} more", entries.len() - index);
            break;
        }
        let comma = if index > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}\"{}\"", escape(entry.as_bytes()));
    }
    text
}

/// `a, b and c`.
fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}
