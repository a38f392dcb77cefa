//! An error as clients get it: a status, and `{"error": "…"}`.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde_json::json;

use crate::{
    names::InvalidName,
    origins::InvalidEntry,
    password::PasswordError,
    store::{StoreError, changes::NotChanged},
};

/// An error of the API.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    pub(crate) fn no_tenant() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such tenant")
    }

    pub(crate) fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "sign in to this tenant first: a session of another tenant, or one that has ended, is none here",
        )
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(json!({ "error": self.message }))
    }
}

/// The reason is for the log: it may name hosts and users.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::warn!("{error}");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the database can't be used now; try again in some seconds",
        )
    }
}

impl From<NotChanged> for ApiError {
    fn from(error: NotChanged) -> Self {
        let status = match error {
            NotChanged::Store(error) => return error.into(),
            NotChanged::NoTenant | NotChanged::NotRegistered => StatusCode::NOT_FOUND,
            NotChanged::NameTaken | NotChanged::Registered | NotChanged::TooManyOrigins => {
                StatusCode::CONFLICT
            }
            NotChanged::TooManyChanges => StatusCode::TOO_MANY_REQUESTS,
        };
        Self::new(status, error.to_string())
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many people sign in at this moment; try again in some seconds",
            ),
            PasswordError::Failed => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the password could not be compared")
            }
        }
    }
}

impl From<InvalidName> for ApiError {
    fn from(error: InvalidName) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<InvalidEntry> for ApiError {
    fn from(error: InvalidEntry) -> Self {
        Self::bad_request(error.to_string())
    }
}
