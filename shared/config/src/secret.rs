//! Secrets in a configuration.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret as text. It is written to the configuration and nowhere else: debugging shows that there is one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text for a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A secret, or where it is to be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SecretSource {
    /// In the configuration.
    Here(Secret),
    /// In the host's environment: the configuration is accepted or refused without it.
    Environment {
        /// The variable's name.
        env: String,
    },
}

impl SecretSource {
    /// The environment variable that holds it.
    pub fn env(&self) -> Option<&str> {
        match self {
            Self::Here(_) => None,
            Self::Environment { env } => Some(env),
        }
    }
}
