//! The serde form of a policy: plain data with the names people write in configuration files.

use std::{borrow::Cow, fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeStruct as _,
};

#[allow(unused_imports, reason = "for the links in the documentation")]
use super::Policy;
use super::{
    builder::MAX_MAX_AGE,
    escape::escape_text,
    lists::{self, Entries},
    typos::typos,
};
use crate::masked::{each_masked, masked};

/// A policy as it is written in a configuration file; nothing in it has been checked yet.
///
/// What is left out is not allowed. Unknown fields are rejected, so that a typo does not silently allow less (or more)
/// than intended. `Policy::try_from(config)` checks it, by the same rules as the builder, and
/// [`Policy::to_config`] gives the normalized form back.
///
/// ```
/// use fetch_cors::{Policy, PolicyConfig};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let config: PolicyConfig = toml::from_str(
///         r#"
///             allow_origins = ["https://app.example.com", "http://localhost:*"]
///             allow_methods = ["put", "DELETE"]
///             allow_headers = ["Content-Type"]
///             allow_credentials = true
///             max_age = 3600
///         "#,
///     )?;
///     let policy = Policy::try_from(config)?;
///     assert_eq!(policy.to_config().allow_methods, ["PUT", "DELETE"]);
///
///     let unknown = toml::from_str::<PolicyConfig>(r#"allowed_origins = ["*"]"#).unwrap_err();
///     assert!(unknown.to_string().contains("unknown field `allowed_origins`, did you mean `allow_origins`?"));
///     Ok(())
/// }
/// ```
///
/// In place of a list, one string with commas or line breaks will do, as in an environment variable; strings inside a list are not
/// split. A string that is empty, or that has `*` next to other origins, is not valid.
///
/// ```
/// use fetch_cors::PolicyConfig;
///
/// fn main() -> Result<(), toml::de::Error> {
///     let config: PolicyConfig = toml::from_str(r#"allow_origins = "https://a.example, https://b.example""#)?;
///     assert_eq!(config.allow_origins, ["https://a.example", "https://b.example"]);
///     Ok(())
/// }
/// ```
///
/// # In your own configuration
///
/// Give the policy a field, and so a table, of its own: `cors: PolicyConfig`, or `cors: Policy` to check it, too. Don't use
/// `#[serde(flatten)]`: serde then hands unknown fields to the outer type, so a typo in a name passes in silence, and the
/// setting is off. (An outer type with `#[serde(deny_unknown_fields)]` can't help; serde doesn't support both.)
///
/// # From Rust
///
/// Later versions may add fields, so Rust code fills it field by field:
///
/// ```
/// use fetch_cors::{Policy, PolicyConfig};
///
/// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
///     let mut config = PolicyConfig::default();
///     config.allow_origins = vec!["https://app.example.com".to_owned()];
///     config.max_age = Some(3600);
///     let policy = Policy::try_from(config)?;
///     assert!(!policy.allows_credentials());
///     Ok(())
/// }
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting with a name of its own")]
pub struct PolicyConfig {
    /// Origins and origin patterns; see [`PolicyBuilder::allow_origins`](crate::PolicyBuilder::allow_origins).
    pub allow_origins: Vec<String>,
    /// Origins and origin patterns that need an opt-in;
    /// see [`PolicyBuilder::danger_allow_origins`](crate::PolicyBuilder::danger_allow_origins).
    pub danger_allow_origins: Vec<String>,
    /// Methods in addition to `GET`, `HEAD` and `POST`;
    /// see [`PolicyBuilder::allow_methods`](crate::PolicyBuilder::allow_methods).
    pub allow_methods: Vec<String>,
    /// Request headers that scripts may set;
    /// see [`PolicyBuilder::allow_headers`](crate::PolicyBuilder::allow_headers).
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read;
    /// see [`PolicyBuilder::expose_headers`](crate::PolicyBuilder::expose_headers).
    pub expose_headers: Vec<String>,
    /// Whether cookies and other credentials may be used;
    /// see [`PolicyBuilder::allow_credentials`](crate::PolicyBuilder::allow_credentials).
    pub allow_credentials: bool,
    /// How long a browser may cache a preflight response, in seconds;
    /// see [`PolicyBuilder::max_age`](crate::PolicyBuilder::max_age).
    pub max_age: Option<u64>,
    /// Accepts names that look like a typo; see
    /// [`PolicyBuilder::allow_unusual_names`](crate::PolicyBuilder::allow_unusual_names).
    pub allow_unusual_names: bool,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for PolicyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            allow_origins,
            danger_allow_origins,
            allow_methods,
            allow_headers,
            expose_headers,
            allow_credentials,
            max_age,
            allow_unusual_names,
        } = self;
        f.debug_struct("PolicyConfig")
            .field("allow_origins", &each_masked(allow_origins))
            .field("danger_allow_origins", &each_masked(danger_allow_origins))
            .field("allow_methods", &each_masked(allow_methods))
            .field("allow_headers", &each_masked(allow_headers))
            .field("expose_headers", &each_masked(expose_headers))
            .field("allow_credentials", allow_credentials)
            .field("max_age", max_age)
            .field("allow_unusual_names", allow_unusual_names)
            .finish()
    }
}

const NAME: &str = "PolicyConfig";
pub(super) const FIELDS: [&str; 8] = [
    "allow_origins",
    "danger_allow_origins",
    "allow_methods",
    "allow_headers",
    "expose_headers",
    "allow_credentials",
    "max_age",
    "allow_unusual_names",
];

// By hand, because deriving both would make every server compile serde's macros.

/// Leaves out a max-age that is not set, and opt-ins if there are none.
impl Serialize for PolicyConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = 5
            + usize::from(self.max_age.is_some())
            + usize::from(self.allow_unusual_names)
            + usize::from(!self.danger_allow_origins.is_empty());
        let mut object = serializer.serialize_struct(NAME, count)?;
        object.serialize_field("allow_origins", &self.allow_origins)?;
        if !self.danger_allow_origins.is_empty() {
            object.serialize_field("danger_allow_origins", &self.danger_allow_origins)?;
        }
        object.serialize_field("allow_methods", &self.allow_methods)?;
        object.serialize_field("allow_headers", &self.allow_headers)?;
        object.serialize_field("expose_headers", &self.expose_headers)?;
        object.serialize_field("allow_credentials", &self.allow_credentials)?;
        if let Some(max_age) = self.max_age {
            object.serialize_field("max_age", &max_age)?;
        }
        if self.allow_unusual_names {
            object.serialize_field("allow_unusual_names", &true)?;
        }
        object.end()
    }
}

impl<'de> Deserialize<'de> for PolicyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A format's own words for a value of the wrong type have the value in them.
        deserializer.deserialize_struct(NAME, &FIELDS, Fields).map_err(|error| {
            let said = error.to_string();
            match masked(&said) {
                Cow::Borrowed(_) => error,
                Cow::Owned(said) => D::Error::custom(said),
            }
        })
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = PolicyConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {NAME}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<PolicyConfig, A::Error> {
        let mut config = PolicyConfig::default();
        let mut seen = Vec::new();
        while let Some(Field(name)) = fields.next_key()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            let origins = List { setting: name, entries: Some(Entries::Origins) };
            let dangers = List { setting: name, entries: None };
            let names = List { setting: name, entries: Some(Entries::Names) };
            let flag = Flag { setting: name };
            match name {
                "allow_origins" => config.allow_origins = fields.next_value_seed(origins)?,
                "danger_allow_origins" => config.danger_allow_origins = fields.next_value_seed(dangers)?,
                "allow_methods" => config.allow_methods = fields.next_value_seed(names)?,
                "allow_headers" => config.allow_headers = fields.next_value_seed(names)?,
                "expose_headers" => config.expose_headers = fields.next_value_seed(names)?,
                "allow_credentials" => config.allow_credentials = fields.next_value_seed(flag)?,
                "max_age" => config.max_age = fields.next_value_seed(MaxAge)?,
                "allow_unusual_names" => config.allow_unusual_names = fields.next_value_seed(flag)?,
                _ => return Err(A::Error::unknown_field(name, &FIELDS)),
            }
            seen.push(name);
        }
        Ok(config)
    }
}

/// A list of strings, or one string with commas or line breaks.
struct List {
    setting: &'static str,
    /// What a string is split into; none where opt-ins must not come from one string, as from an environment variable.
    entries: Option<Entries>,
}

impl List {
    fn example(&self) -> &'static str {
        match self.setting {
            "allow_methods" => "PUT",
            "allow_headers" => "content-type",
            "expose_headers" => "etag",
            _ => "https://app.example.com",
        }
    }
}

impl<'de> DeserializeSeed<'de> for List {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to be a list of strings such as [\"{}\"]", self.setting, self.example())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
        match self.entries {
            Some(entries) => Ok(lists::split(text, entries)),
            None => Err(E::custom(format_args!(
                "{} is a list, never one string. Write [\"{}\"]",
                self.setting,
                escape_text(text)
            ))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<String>, A::Error> {
        let mut list = Vec::new();
        while let Some(Entry(text)) = elements.next_element_seed(EntryOf(&self))? {
            list.push(text);
        }
        Ok(list)
    }
}

struct Entry(String);

/// One string of a list; it is not split.
struct EntryOf<'a>(&'a List);

impl<'de> DeserializeSeed<'de> for EntryOf<'_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_string(self)
    }
}

impl Visitor<'_> for EntryOf<'_> {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "each entry of {} to be a string such as \"{}\"", self.0.setting, self.0.example())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry(text.to_owned()))
    }
}

/// `true` or `false`.
struct Flag {
    setting: &'static str,
}

impl<'de> DeserializeSeed<'de> for Flag {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bool(self)
    }
}

impl Visitor<'_> for Flag {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to be true or false", self.setting)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        let what = format_args!("{} is true or false, not \"{}\"", self.setting, escape_text(text));
        Err(match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => {
                E::custom(format_args!("{what}. Write true, without quotation marks"))
            }
            "false" | "no" | "off" | "0" => {
                E::custom(format_args!("{what}. Write false, without quotation marks"))
            }
            _ => E::custom(what),
        })
    }
}

/// Seconds, or nothing.
struct MaxAge;

impl<'de> DeserializeSeed<'de> for MaxAge {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for MaxAge {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("max_age to be a whole number of seconds such as 3600")
    }

    fn visit_none<E: Error>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_u64(self)
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Option<u64>, E> {
        Ok(Some(seconds))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Option<u64>, E> {
        match u64::try_from(seconds) {
            Ok(seconds) => Ok(Some(seconds)),
            Err(_) => Err(E::custom(format_args!(
                "max_age can't be negative, and is {seconds}. Write 0 to turn the cache off, or leave it out for the browsers' five seconds"
            ))),
        }
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Option<u64>, E> {
        let meant = Duration::try_from_secs_f64(seconds).ok();
        // Up, because rounding half a second down would turn the cache off.
        let meant = meant.map(|meant| meant.as_secs().saturating_add(u64::from(meant.subsec_nanos() > 0)));
        Err(not_seconds(&seconds, meant))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<u64>, E> {
        Err(not_seconds(&format_args!("\"{}\"", escape_text(text)), seconds_meant(text)))
    }
}

fn not_seconds<E: Error>(written: &dyn fmt::Display, meant: Option<u64>) -> E {
    let meant = meant.map_or(3600, |meant| meant.min(MAX_MAX_AGE));
    E::custom(format_args!("max_age is a whole number of seconds, not {written}. Write {meant}"))
}

/// The seconds in texts such as `1h`, `10 min` and `600`.
fn seconds_meant(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The name of a field, known to be one while it is read: so a format can say where it stands.
struct Field(&'static str);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(FieldName)
    }
}

struct FieldName;

impl Visitor<'_> for FieldName {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
        if let Some(known) = FIELDS.into_iter().find(|field| *field == name) {
            return Ok(Field(known));
        }
        let shown = escape_text(name);
        Err(match meant_field(name) {
            Some(meant) => E::custom(format_args!("unknown field `{shown}`, did you mean `{meant}`?")),
            None => E::unknown_field(&shown, &FIELDS),
        })
    }
}

/// The field that was likely meant: nearly its name, or the name that other libraries have for the same.
fn meant_field(name: &str) -> Option<&'static str> {
    /// The longest name that is compared.
    const MAX_NAME: usize = 64;
    /// Words of settings that differ from ours in meaning, such as `block_on_origin_mismatch`.
    const OTHER_MEANINGS: [&str; 12] = [
        "block", "deny", "denied", "except", "exclude", "fn", "func", "mismatch", "private", "regex",
        "reject", "vary",
    ];
    if name.len() > MAX_NAME {
        return None;
    }
    let name = name.to_ascii_lowercase().replace('-', "_");
    if let Some(field) = FIELDS.into_iter().find(|field| typos(&name, field) <= 2) {
        return Some(field);
    }
    if OTHER_MEANINGS.iter().any(|word| name.contains(word)) || name.contains("danger") {
        return None;
    }
    let words = [
        ("credential", "allow_credentials"),
        ("cookie", "allow_credentials"),
        ("expose", "expose_headers"),
        ("origin", "allow_origins"),
        ("method", "allow_methods"),
        ("header", "allow_headers"),
        ("maxage", "max_age"),
        ("max_age", "max_age"),
    ];
    words.into_iter().find(|(word, _)| name.contains(word)).map(|(_, field)| field)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> PolicyConfig {
        PolicyConfig {
            allow_origins: vec!["https://a.example".to_owned()],
            danger_allow_origins: vec!["http://b.example".to_owned()],
            allow_methods: vec!["PUT".to_owned()],
            allow_headers: vec!["x-a".to_owned()],
            expose_headers: vec!["x-b".to_owned()],
            allow_credentials: true,
            max_age: Some(1),
            allow_unusual_names: true,
        }
    }

    #[test]
    fn every_field_is_written_and_read() {
        let written = serde_json::to_value(full()).unwrap();
        assert_eq!(
            written,
            json!({
                "allow_origins": ["https://a.example"],
                "danger_allow_origins": ["http://b.example"],
                "allow_methods": ["PUT"],
                "allow_headers": ["x-a"],
                "expose_headers": ["x-b"],
                "allow_credentials": true,
                "max_age": 1,
                "allow_unusual_names": true,
            })
        );
        let mut names: Vec<&String> = written.as_object().unwrap().keys().collect();
        names.sort_by_key(|name| FIELDS.iter().position(|field| field == name));
        assert_eq!(names, FIELDS);
        for name in FIELDS {
            let mut one = serde_json::to_value(PolicyConfig::default()).unwrap();
            one[name] = written[name].clone();
            let read: PolicyConfig = serde_json::from_value(one.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), one, "{name}");
            assert_ne!(read, PolicyConfig::default(), "{name}");
        }
        assert_eq!(serde_json::from_value::<PolicyConfig>(written).unwrap(), full());
    }

    #[test]
    fn what_is_left_out_is_not_allowed() {
        assert_eq!(serde_json::from_str::<PolicyConfig>("{}").unwrap(), PolicyConfig::default());
        assert_eq!(
            serde_json::to_value(PolicyConfig::default()).unwrap(),
            json!({
                "allow_origins": [],
                "allow_methods": [],
                "allow_headers": [],
                "expose_headers": [],
                "allow_credentials": false,
            })
        );
    }

    #[test]
    fn what_is_not_a_configuration_is_refused() {
        for (text, expected) in [
            (r#"{"allow_orgins": []}"#, "unknown field `allow_orgins`, did you mean `allow_origins`?"),
            (
                r#"{"reports": []}"#,
                "unknown field `reports`, expected one of `allow_origins`, `danger_allow_origins`, `allow_methods`, `allow_headers`, `expose_headers`, `allow_credentials`, `max_age`, `allow_unusual_names`",
            ),
            ("{\"a\\u001b[31m\": []}", "unknown field `a\\u{1b}[31m`, expected"),
            (r#"{"max_age": 1, "max_age": 2}"#, "duplicate field `max_age`"),
            (r#"{"max_age": -1}"#, "max_age can't be negative, and is -1. Write 0"),
            (r#"{"max_age": 1.5}"#, "max_age is a whole number of seconds, not 1.5. Write 2"),
            (r#"{"max_age": 1e300}"#, "max_age is a whole number of seconds, not"),
            (
                r#"{"max_age": "1h"}"#,
                "invalid type: string \"1h\", expected max_age to be a whole number of seconds such as 3600",
            ),
            (
                r#"{"allow_credentials": 1}"#,
                "invalid type: integer `1`, expected allow_credentials to be true or false",
            ),
            (
                r#"{"allow_origins": true}"#,
                "invalid type: boolean `true`, expected allow_origins to be a list of strings such as [\"https://app.example.com\"]",
            ),
            (
                r#"{"expose_headers": [1]}"#,
                "invalid type: integer `1`, expected each entry of expose_headers to be a string such as \"etag\"",
            ),
            (
                r#"{"danger_allow_origins": "http://a.example,file://"}"#,
                "danger_allow_origins is a list, never one string. Write [\"http://a.example,file://\"]",
            ),
            (r#"{"allow_methods": null}"#, "invalid type: null, expected allow_methods to be a list"),
            (r#""*""#, "invalid type: string \"*\", expected struct PolicyConfig"),
        ] {
            let error = serde_json::from_str::<PolicyConfig>(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        assert_eq!(
            serde_json::from_str::<PolicyConfig>(r#"{"max_age": null}"#).unwrap(),
            PolicyConfig::default()
        );
    }

    #[test]
    fn names_of_other_libraries() {
        for (name, expected) in [
            ("allowed_origins", Some("allow_origins")),
            ("allow_origin", Some("allow_origins")),
            ("origin", Some("allow_origins")),
            ("origins", Some("allow_origins")),
            ("cors_origins", Some("allow_origins")),
            ("CORS_ALLOWED_ORIGINS", Some("allow_origins")),
            ("allowedOrigins", Some("allow_origins")),
            ("allow-origins", Some("allow_origins")),
            ("supports_credentials", Some("allow_credentials")),
            ("allow_credential", Some("allow_credentials")),
            ("credentials", Some("allow_credentials")),
            ("with_credentials", Some("allow_credentials")),
            ("allowed_methods", Some("allow_methods")),
            ("methods", Some("allow_methods")),
            ("allowed_headers", Some("allow_headers")),
            ("exposed_headers", Some("expose_headers")),
            ("exposeHeaders", Some("expose_headers")),
            ("maxAge", Some("max_age")),
            ("maxage", Some("max_age")),
            ("max_age_seconds", Some("max_age")),
            ("Access-Control-Max-Age", Some("max_age")),
            ("Access-Control-Allow-Origin", Some("allow_origins")),
            // These mean something else, so there is no such setting.
            ("block_on_origin_mismatch", None),
            ("allow_origin_regex", None),
            ("allowed_origin_fn", None),
            ("allow_private_network", None),
            ("send_wildcard", None),
            ("vary_header", None),
            ("deny_origins", None),
            ("danger_allow_everything_from_any_origin", None),
            ("preflightContinue", None),
            ("optionsSuccessStatus", None),
            ("cors", None),
            ("", None),
        ] {
            assert_eq!(meant_field(name), expected, "{name}");
        }
        assert_eq!(meant_field(&"origin".repeat(1000)), None);
    }

    #[test]
    fn durations_that_people_write() {
        for (text, expected) in [
            ("1h", Some(3600)),
            ("10m", Some(600)),
            ("10 min", Some(600)),
            ("3600", Some(3600)),
            ("3600s", Some(3600)),
            ("1 day", Some(86_400)),
            ("2 hours", Some(7200)),
            (" 5 S ", Some(5)),
            ("h", None),
            ("1w", None),
            ("one hour", None),
            ("18446744073709551615h", None),
            ("", None),
        ] {
            assert_eq!(seconds_meant(text), expected, "{text:?}");
        }
    }

    #[test]
    fn one_string_in_place_of_a_list() {
        for (json, expected) in [
            (r#"" https://a.example ,https://b.example,""#, &["https://a.example", "https://b.example"][..]),
            (r#""*""#, &["*"]),
            (r#""*, https://a.example""#, &["*, https://a.example"]),
            (r#""""#, &[""]),
            (r#"["https://a.example, https://b.example"]"#, &["https://a.example, https://b.example"]),
            ("[]", &[]),
        ] {
            let config: PolicyConfig =
                serde_json::from_str(&format!(r#"{{"allow_origins": {json}}}"#)).unwrap();
            assert_eq!(config.allow_origins, expected, "{json}");
        }
        let config: PolicyConfig = serde_json::from_str(
            r#"{"allow_methods": "PUT,DELETE", "allow_headers": "*, authorization", "expose_headers": "etag"}"#,
        )
        .unwrap();
        assert_eq!(config.allow_methods, ["PUT", "DELETE"]);
        assert_eq!(config.allow_headers, ["*", "authorization"]);
        assert_eq!(config.expose_headers, ["etag"]);
    }
}
