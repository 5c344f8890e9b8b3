//! API keys, of which a gateway knows no more than the hashes.

use std::collections::HashMap;

use portcullis_config::auth::ApiKeyConfig;
use portcullis_core::AddressRange;
use portcullis_openapi::{Node, Report};

use super::application::account;
use super::listed::Listed;
use super::read_date;
use crate::codes;
use crate::gateway::file::{ApiKeyFile, IdentityFile};
use crate::gateway::{Reader, lone_file};

/// A key of a key file, as far as it is told apart from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// Who holds it.
    pub consumer: String,
    /// SHA-256 of the key, lower-case hex.
    pub sha256: String,
    /// Whether it is good no more.
    pub revoked: bool,
}

/// The keys of a key file, which is a list in YAML or JSON.
///
/// # Errors
///
/// What is wrong with it, with its name and the line. Whether applications are known, only a gateway file can say.
pub fn known_keys(name: &str, text: &str) -> Result<Vec<KnownKey>, String> {
    let documents = lone_file(name, text)?;
    let line = |place| documents.position(place).line;
    let nodes =
        documents.root().and_then(Node::as_array).ok_or_else(|| format!("{name}: this is no list"))?;
    let mut keys = Vec::with_capacity(nodes.len());
    for node in nodes {
        let at = |cause: String, place| format!("{name}: line {}: {cause}", line(place));
        let file: ApiKeyFile =
            node.read().map_err(|invalid| at(invalid.to_string(), invalid.place.unwrap_or(node.place())))?;
        let key = compile(file).map_err(|cause| at(cause, node.place()))?;
        keys.push(KnownKey { consumer: key.consumer, sha256: key.sha256, revoked: key.revoked });
    }
    Ok(keys)
}

impl Reader<'_> {
    pub(super) fn api_keys(&self, file: &IdentityFile, report: &mut Report) -> Vec<ApiKeyConfig> {
        let (own, files) = (file.api_keys.clone(), &file.api_key_files);
        let mut keys: HashMap<String, ApiKeyConfig> = HashMap::new();
        let mut order = Vec::new();
        for Listed { entry, origin } in
            self.listed::<ApiKeyFile>(own, "apiKeys", files, "apiKeyFiles", report)
        {
            match compile(entry) {
                Err(cause) => origin.refuse(codes::SETTING_INVALID, &cause, report),
                Ok(key) => {
                    self.knows_application(&key.account, file, &origin, report);
                    if keys.contains_key(&key.sha256) {
                        let message = format!("the key of '{}' stands twice", key.consumer);
                        origin.refuse(codes::NAME_DUPLICATE, &message, report);
                    }
                    order.push(key.sha256.clone());
                    keys.insert(key.sha256.clone(), key);
                }
            }
        }
        order.iter().filter_map(|digest| keys.remove(digest)).collect()
    }
}

fn compile(file: ApiKeyFile) -> Result<ApiKeyConfig, String> {
    let consumer = file.consumer;
    let sha256 = file.sha256.to_ascii_lowercase();
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("the key of '{consumer}' is not given as the SHA-256 of the key in hexadecimal"));
    }
    let date = |text: String| {
        read_date(&text).ok_or_else(|| {
            format!("the key of '{consumer}' ends at '{text}', which is no date such as 2027-01-31 or 2027-01-31T18:30:00Z")
        })
    };
    let expires = file.expires.map(date).transpose()?;
    if let Some(range) = file.addresses.iter().find(|range| AddressRange::parse(range).is_none()) {
        return Err(format!(
            "the key of '{consumer}' names '{range}', which is no range such as 192.0.2.0/24"
        ));
    }
    Ok(ApiKeyConfig {
        sha256,
        scopes: file.scopes,
        apis: file.apis,
        revoked: file.revoked,
        expires,
        addresses: file.addresses,
        referers: file.referers,
        account: account(file.application, file.tier, file.environment),
        consumer,
    })
}
