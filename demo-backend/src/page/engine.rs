//! The engine whose rules a prediction follows.

use fetch_cors::browser::{Engine, Profile};
use serde::{Deserialize, Serialize};

/// An engine, or the standard to the letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum EngineName {
    /// [`Profile::STANDARD`]
    #[default]
    Standard,
    /// [`Engine::Chromium`]
    Chromium,
    /// [`Engine::Firefox`]
    Firefox,
    /// [`Engine::WebKit`]
    WebKit,
}

impl EngineName {
    /// The engine; none for the standard.
    pub fn engine(self) -> Option<Engine> {
        match self {
            Self::Standard => None,
            Self::Chromium => Some(Engine::Chromium),
            Self::Firefox => Some(Engine::Firefox),
            Self::WebKit => Some(Engine::WebKit),
        }
    }

    /// The rules that it follows.
    pub fn profile(self) -> Profile {
        self.engine().map_or(Profile::STANDARD, Profile::of)
    }
}
