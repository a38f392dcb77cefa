//! What the server's end must do with a vector, for every package that plays one.

use std::fmt::Debug;

use fetch_cors::{
    Policy, PolicyConfig,
    server::{RequestField, RequestHead},
};

use crate::{Headers, ServerRequest, ServerResponse, ServerVector};

/// What a server did with a request.
#[derive(Debug)]
pub struct Served {
    /// Whether the handler ran.
    pub handler: bool,
    /// The response's status where it did not.
    pub status: Option<u16>,
    /// All `Access-Control-*` and `Vary` lines, in any order; names in lower case.
    pub headers: Headers,
}

impl ServerVector {
    /// The vector's policy; none where it is refused, and for the reasons that the vector states.
    ///
    /// # Errors
    ///
    /// If it should be refused and is not, or the other way round, or for other reasons.
    pub fn policy(&self) -> Result<Option<Policy>, String> {
        let config: PolicyConfig =
            serde_json::from_value(self.policy.clone()).map_err(|error| error.to_string())?;
        match (Policy::try_from(config), &self.refused) {
            (Err(invalid), Some(expected)) => {
                let problems = invalid.problems().iter().map(|problem| {
                    let setting = problem.setting();
                    let index = problem.index().map(|index| format!("[{index}]")).unwrap_or_default();
                    let kind = serde_json::to_value(problem.kind()).map_err(|error| error.to_string())?;
                    Ok(format!("{setting}{index}: {}", kind.as_str().unwrap_or_default()))
                });
                same("problems", &problems.collect::<Result<Vec<_>, String>>()?, expected).map(|()| None)
            }
            (Ok(_), Some(_)) => Err("the policy is not refused".to_owned()),
            (Err(invalid), None) => Err(invalid.to_string()),
            (Ok(policy), None) => Ok(Some(policy)),
        }
    }

    /// The request, and what must be done with it.
    ///
    /// # Errors
    ///
    /// If the vector lacks one of them.
    pub fn exchange(&self) -> Result<(&ServerRequest, &ServerResponse), String> {
        match (&self.request, &self.response) {
            (Some(request), Some(response)) => Ok((request, response)),
            _ => Err("it has no request or no response".to_owned()),
        }
    }
}

impl ServerResponse {
    /// Compares all that a server did with what it must do.
    ///
    /// # Errors
    ///
    /// What differs first.
    pub fn compare(&self, mut served: Served) -> Result<(), String> {
        same("handler", &served.handler, &self.handler)?;
        same("status", &served.status, &self.status)?;
        let mut expected = self.headers.clone();
        served.headers.sort();
        expected.sort();
        same("headers", &served.headers, &expected)
    }
}

fn same<T: PartialEq + Debug>(what: &str, actual: &T, expected: &T) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, saw {actual:?}")) }
}

impl RequestHead for ServerRequest {
    fn is_options(&self) -> bool {
        self.method == "OPTIONS"
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(field.name()))
            .map(|(_, value)| value.as_bytes())
    }
}
