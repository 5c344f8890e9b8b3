//! What kind of body a key of `content` means. Read by the code that reads `Content-Type` at run time, so that
//! both agree on what a media type is.

use portcullis_schema::media_type::MediaType;

/// A media type or range (RFC 9110, 8.3.1 and 12.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaRange {
    whole: String,
    /// Type and subtype in lower case.
    essence: String,
    is_utf8_only: bool,
    is_stream: bool,
}

/// Types whose bytes are nobody's text.
const BINARY: &[&str] = &[
    "application/octet-stream",
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/x-tar",
    "application/x-zip-compressed",
];

/// Syntaxes whose texts or bytes are values, by their subtype or its suffix: a schema means something there, but
/// they are not read.
const DATA: &[&str] = &["bson", "cbor", "cbor-seq", "json-seq", "json5", "jwt", "msgpack", "toml", "yaml"];

impl MediaRange {
    /// `None` when the key is no media type or range.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parsed = MediaType::parse(text)?;
        let is_stream = parsed.is_stream();
        let whole = parsed.to_string();
        let (essence, parameters) = whole.split_once(';').unwrap_or((&whole, ""));
        Some(Self {
            essence: essence.to_owned(),
            is_utf8_only: parameters.eq_ignore_ascii_case("charset=utf-8"),
            is_stream,
            whole,
        })
    }

    /// Type and subtype, in lower case.
    pub(crate) fn essence(&self) -> &str {
        &self.essence
    }

    /// As it is compared with a `Content-Type`. A sole `charset=utf-8` is left out where the body must be UTF-8
    /// anyway.
    pub(crate) fn to_config(&self) -> String {
        let is_needless = self.is_utf8_only && (self.is_json() || self.is_text());
        if is_needless { self.essence.clone() } else { self.whole.clone() }
    }

    /// Whether it stands for types of more than one kind.
    pub(crate) fn is_range(&self) -> bool {
        self.sub() == "*"
    }

    /// Whether its bodies go on for as long as somebody listens.
    pub(crate) fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// JSON, or a type built on it.
    pub(crate) fn is_json(&self) -> bool {
        self.is("json")
    }

    /// A list of changes to a JSON document (RFC 6902).
    pub(crate) fn is_json_patch(&self) -> bool {
        self.essence == "application/json-patch+json"
    }

    /// A JSON text on each line.
    pub(crate) fn is_lines(&self) -> bool {
        matches!(self.sub().strip_prefix("x-").unwrap_or(self.sub()), "jsonl" | "jsonlines" | "ndjson")
    }

    /// XML, or a type built on it.
    pub(crate) fn is_xml(&self) -> bool {
        self.is("xml")
    }

    /// Any text but JSON and XML.
    pub(crate) fn is_text(&self) -> bool {
        self.top() == "text" && !self.is_json() && !self.is_xml()
    }

    pub(crate) fn is_form(&self) -> bool {
        self.essence == "application/x-www-form-urlencoded"
    }

    pub(crate) fn is_form_data(&self) -> bool {
        self.essence == "multipart/form-data"
    }

    pub(crate) fn is_binary(&self) -> bool {
        (matches!(self.top(), "image" | "audio" | "video" | "font") && !self.is_xml())
            || BINARY.contains(&&*self.essence)
            || self.sub().ends_with("+zip")
            || self.sub().ends_with("+gzip")
    }

    /// Whether schemas mean something for it, although it is none of the types above: values in a syntax of
    /// their own, and parts (OpenAPI 3.0.4, Encoding Object).
    pub(crate) fn is_data(&self) -> bool {
        let name = self.sub().rsplit('+').next().unwrap_or_default();
        let name = name.strip_prefix("x-").or_else(|| name.strip_prefix("vnd.")).unwrap_or(name);
        DATA.contains(&name) || (self.top() == "multipart" && !self.is_form_data())
    }

    fn is(&self, syntax: &str) -> bool {
        let sub = self.sub();
        sub == syntax || sub.strip_suffix(syntax).is_some_and(|name| name.ends_with('+'))
    }

    fn top(&self) -> &str {
        self.essence.split('/').next().unwrap_or_default()
    }

    fn sub(&self) -> &str {
        self.essence.split('/').next_back().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_media_ranges_or_refused() {
        for (key, expected) in [
            ("application/json", Some("application/json")),
            ("Application/JSON; Charset=UTF-8", Some("application/json")),
            ("application/xml; charset=utf-8", Some("application/xml;charset=utf-8")),
            ("application/json; v=1", Some("application/json;v=1")),
            ("*/*", Some("*/*")),
            ("text/*", Some("text/*")),
            ("application/*+json", Some("application/*+json")),
            ("json", None),
            ("*/json", None),
            ("application/json, application/xml", None),
            ("", None),
        ] {
            let range = MediaRange::parse(key).map(|range| range.to_config());
            assert_eq!(range.as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn the_kind_of_body_follows_from_the_type() {
        for (key, json, xml, text, binary) in [
            ("application/json", true, false, false, false),
            ("application/problem+json", true, false, false, false),
            ("application/notjson", false, false, false, false),
            ("text/json", true, false, false, false),
            ("text/xml", false, true, false, false),
            ("image/svg+xml", false, true, false, false),
            ("text/csv", false, false, true, false),
            ("image/png", false, false, false, true),
            ("application/octet-stream", false, false, false, true),
        ] {
            let range = MediaRange::parse(key).unwrap();
            let found = (range.is_json(), range.is_xml(), range.is_text(), range.is_binary());
            assert_eq!(found, (json, xml, text, binary), "{key}");
        }
    }

    #[test]
    fn syntaxes_that_are_not_read_are_known() {
        for (key, expected) in [
            ("application/x-msgpack", true),
            ("application/vnd.oai.openapi+yaml", true),
            ("text/yaml", true),
            ("application/jwt", true),
            ("multipart/mixed", true),
            ("multipart/form-data", false),
            ("text/csv", false),
            ("application/octet-stream", false),
            ("application/json", false),
        ] {
            assert_eq!(MediaRange::parse(key).unwrap().is_data(), expected, "{key}");
        }
    }
}
