//! API keys, of which a gateway knows no more than the hashes.

use portcullis_config::auth::ApiKeyConfig;
use portcullis_openapi::Report;

use super::listed::Listed;
use crate::codes;
use crate::gateway::Reader;
use crate::gateway::file::{ApiKeyFile, IdentityFile};

impl Reader<'_> {
    pub(super) fn api_keys(&self, file: &IdentityFile, report: &mut Report) -> Vec<ApiKeyConfig> {
        let (own, files) = (file.api_keys.clone(), &file.api_key_files);
        let keys = self.listed::<ApiKeyFile>(own, "apiKeys", files, "apiKeyFiles", report);
        keys.into_iter().filter_map(|key| api_key(key, report)).collect()
    }
}

fn api_key(listed: Listed<ApiKeyFile>, report: &mut Report) -> Option<ApiKeyConfig> {
    let Listed { entry, origin } = listed;
    let sha256 = entry.sha256.to_ascii_lowercase();
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message =
            format!("the key of '{}' is not given as the SHA-256 of the key in hexadecimal", entry.consumer);
        origin.refuse(codes::SETTING_INVALID, &message, report);
        return None;
    }
    Some(ApiKeyConfig { sha256, consumer: entry.consumer, scopes: entry.scopes, apis: entry.apis })
}
