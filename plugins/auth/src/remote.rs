//! Calls to servers that know more than the configuration, and how the gateway proves itself there.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_config::auth::{ClientConfig, RemoteConfig};
use portcullis_core::{Call, Env};

/// A place at a server.
#[derive(Debug)]
pub(crate) struct Remote {
    service: Rc<str>,
    authority: Rc<str>,
    origin: String,
    path: String,
    timeout: Duration,
}

/// The environment lacks a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretMissing;

impl Remote {
    pub(crate) fn new(config: RemoteConfig) -> Self {
        Self {
            service: config.service.into(),
            authority: config.authority.into(),
            origin: config.origin,
            path: config.path,
            timeout: Duration::from_millis(config.timeout_milliseconds.max(1).into()),
        }
    }

    /// A GET of it, whose reply has at most so many bytes.
    pub(crate) fn get(&self, max_reply: u32) -> Call {
        self.call("GET", self.path.clone(), max_reply)
    }

    /// A GET of another place at the same server; `None` when the URL is not at this server.
    pub(crate) fn get_url(&self, url: &str, max_reply: u32) -> Option<Call> {
        self.get_path(url.strip_prefix(self.origin.as_str())?, max_reply)
    }

    /// A GET of another path at the same server; `None` when it is no path.
    pub(crate) fn get_path(&self, path: &str, max_reply: u32) -> Option<Call> {
        let is_path =
            path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        is_path.then(|| self.call("GET", path.to_owned(), max_reply))
    }

    /// A POST to it.
    pub(crate) fn post(&self, content_type: &'static str, body: String, max_reply: u32) -> Call {
        let mut call = self.call("POST", self.path.clone(), max_reply);
        call.headers.push((Cow::Borrowed("content-type"), content_type.to_owned()));
        call.body = body.into_bytes();
        call
    }

    /// A POST to another path at the same server.
    pub(crate) fn post_to(
        &self,
        path: &'static str,
        content_type: &'static str,
        body: String,
        max_reply: u32,
    ) -> Call {
        Call { path: Cow::Borrowed(path), ..self.post(content_type, body, max_reply) }
    }

    fn call(&self, method: &'static str, path: String, max_reply: u32) -> Call {
        Call {
            service: Rc::clone(&self.service),
            authority: Rc::clone(&self.authority),
            method,
            path: Cow::Owned(path),
            headers: vec![(Cow::Borrowed("accept"), "application/json".to_owned())],
            body: Vec::new(),
            timeout: self.timeout,
            max_reply,
        }
    }
}

/// Has the gateway prove itself: in the header, or at the end of the form.
pub(crate) fn authenticate(
    client: &ClientConfig,
    form: &mut String,
    env: &dyn Env,
) -> Result<Option<String>, SecretMissing> {
    let secret = |name: &str| env.secret(name).filter(|secret| !secret.is_empty()).ok_or(SecretMissing);
    Ok(match client {
        ClientConfig::Basic { id, secret_env } => {
            let pair = format!("{}:{}", encode(id), encode(&secret(secret_env)?));
            Some(format!("Basic {}", STANDARD.encode(pair)))
        }
        ClientConfig::Post { id, secret_env } => {
            let secret = encode(&secret(secret_env)?);
            form.push_str(&format!("&client_id={}&client_secret={secret}", encode(id)));
            None
        }
        ClientConfig::Mtls { id } => {
            form.push_str(&format!("&client_id={}", encode(id)));
            None
        }
        ClientConfig::Bearer { secret_env } => Some(format!("Bearer {}", secret(secret_env)?)),
    })
}

/// A value of a form (`application/x-www-form-urlencoded`).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_urls_of_the_same_server_are_followed() {
        let remote = Remote::new(RemoteConfig {
            service: "idp".into(),
            authority: "idp.example".into(),
            origin: "https://idp.example".into(),
            path: "/.well-known/openid-configuration".into(),
            timeout_milliseconds: 1,
        });
        let cases = [
            ("https://idp.example/jwks?x=1", Some("/jwks?x=1")),
            ("https://idp.example", None),
            ("https://idp.example.evil/jwks", None),
            ("https://idp.example:444/jwks", None),
            ("http://idp.example/jwks", None),
            ("https://idp.example/jwks#x", None),
            ("https://idp.example/a b", None),
            ("/jwks", None),
        ];
        for (url, expected) in cases {
            let call = remote.get_url(url, 9);
            assert_eq!(call.as_ref().map(|call| &*call.path), expected, "{url}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_a_form_could_take_for_its_own_is_encoded() {
        assert_eq!(encode("aZ9-._&=+ %ä"), "aZ9-._%26%3D%2B%20%25%C3%A4");
    }
}
