//! The serde form of a policy: plain data with the names people write in configuration files.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeStruct as _,
};

#[allow(unused_imports, reason = "for the links in the documentation")]
use super::Policy;

/// A policy as it is written in a configuration file; nothing in it has been checked yet.
///
/// What is left out is not allowed. Unknown fields are rejected, so that a typo does not silently allow less (or more)
/// than intended. `Policy::try_from(config)` checks it, by the same rules as the builder, and
/// [`Policy::to_config`] gives the normalized form back.
///
/// ```
/// use fetch_cors::{Policy, PolicyConfig};
///
/// let config: PolicyConfig = toml::from_str(
///     r#"
///     allow_origins = ["https://app.example.com", "http://localhost:*"]
///     allow_methods = ["put", "DELETE"]
///     allow_headers = ["Content-Type"]
///     allow_credentials = true
///     max_age = 3600
///     "#,
/// )?;
/// let policy = Policy::try_from(config)?;
/// assert_eq!(policy.to_config().allow_methods, ["PUT", "DELETE"]);
///
/// let unknown = toml::from_str::<PolicyConfig>(r#"allow_orgins = ["*"]"#).unwrap_err();
/// assert!(unknown.to_string().contains("unknown field `allow_orgins`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Later versions may add fields, so Rust code fills it field by field:
///
/// ```
/// use fetch_cors::{Policy, PolicyConfig};
///
/// let mut config = PolicyConfig::default();
/// config.allow_origins = vec!["https://app.example.com".to_owned()];
/// config.max_age = Some(3600);
/// let policy = Policy::try_from(config)?;
/// # drop(policy);
/// # Ok::<(), fetch_cors::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
}

const NAME: &str = "PolicyConfig";
const FIELDS: [&str; 7] = [
    "allow_origins",
    "danger_allow_origins",
    "allow_methods",
    "allow_headers",
    "expose_headers",
    "allow_credentials",
    "max_age",
];

// By hand, because deriving both would make every server compile serde's macros.

/// Leaves out a max-age that is not set, and opt-ins if there are none.
impl Serialize for PolicyConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count =
            5 + usize::from(self.max_age.is_some()) + usize::from(!self.danger_allow_origins.is_empty());
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
        object.end()
    }
}

impl<'de> Deserialize<'de> for PolicyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(NAME, &FIELDS, Fields)
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
            match name {
                "allow_origins" => config.allow_origins = fields.next_value()?,
                "danger_allow_origins" => config.danger_allow_origins = fields.next_value()?,
                "allow_methods" => config.allow_methods = fields.next_value()?,
                "allow_headers" => config.allow_headers = fields.next_value()?,
                "expose_headers" => config.expose_headers = fields.next_value()?,
                "allow_credentials" => config.allow_credentials = fields.next_value()?,
                "max_age" => config.max_age = fields.next_value()?,
                _ => return Err(A::Error::unknown_field(name, &FIELDS)),
            }
            seen.push(name);
        }
        Ok(config)
    }
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
        let known = FIELDS.into_iter().find(|field| *field == name);
        known.map(Field).ok_or_else(|| E::unknown_field(name, &FIELDS))
    }
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
            (
                r#"{"allow_orgins": []}"#,
                "unknown field `allow_orgins`, expected one of `allow_origins`, `danger_allow_origins`, `allow_methods`, `allow_headers`, `expose_headers`, `allow_credentials`, `max_age`",
            ),
            (r#"{"max_age": 1, "max_age": 2}"#, "duplicate field `max_age`"),
            (r#"{"max_age": -1}"#, "invalid value: integer `-1`, expected u64"),
            (r#"{"allow_origins": "*"}"#, "invalid type: string \"*\", expected a sequence"),
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
}
