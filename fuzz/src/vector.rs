//! Conformance vectors as input, so that they are seeds: a target whose bytes begin with `{` reads them as one vector.

use cors_vectors::{isomorphic_encode, theorem::network::Incoming};
use fetch_cors::PolicyConfig;
use serde_json::Value;

/// The vector, if the bytes are one.
pub fn vector(data: &[u8]) -> Option<Value> {
    if data.first() == Some(&b'{') { serde_json::from_slice(data).ok() } else { None }
}

/// Its policy; the empty one if it is none.
pub fn policy(vector: &Value) -> PolicyConfig {
    serde_json::from_value(vector["policy"].clone()).unwrap_or_default()
}

/// Its request, as a server receives it.
pub fn incoming(vector: &Value) -> Incoming {
    let request = &vector["request"];
    let headers =
        lines(&request["headers"]).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    Incoming { method: request["method"].as_str().unwrap_or("GET").to_owned(), headers }
}

/// Header lines that are written as pairs.
pub fn lines(headers: &Value) -> impl Iterator<Item = (String, Vec<u8>)> {
    let pairs = headers.as_array().map_or(&[][..], Vec::as_slice);
    pairs.iter().filter_map(|pair| {
        let value = pair[1].as_str()?;
        let bytes = if value.chars().all(|c| u32::from(c) < 256) {
            isomorphic_encode(value)
        } else {
            value.as_bytes().to_vec()
        };
        Some((pair[0].as_str()?.to_owned(), bytes))
    })
}
