//! The media type that an answer is sent as.

use crate::fields::{Cursor, Pair};

/// A concrete media type, its parts in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// The text that is sent.
    pub(crate) text: String,
    /// `application`
    pub(crate) kind: String,
    /// `json`
    pub(crate) subtype: String,
    /// Names and values; the values as written.
    pub(crate) parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a media type or range as OpenAPI writes it; `None` for other text. A range cannot be sent: `*/*` and
    /// `application/*` become JSON, `text/*` plain text, any other a stream of octets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut cursor = Cursor::new(text.trim());
        let (kind, subtype) = kind_and_subtype(&mut cursor)?;
        let parameters = cursor.parameters()?;
        if !cursor.is_at_end() {
            return None;
        }
        match (kind, subtype) {
            ("*", "*") | ("application", "*") => Self::parse("application/json"),
            ("text", "*") => Self::parse("text/plain"),
            (_, "*") => Self::parse("application/octet-stream"),
            ("*", _) => None,
            _ => Some(Self {
                text: text.trim().to_owned(),
                kind: kind.to_ascii_lowercase(),
                subtype: subtype.to_ascii_lowercase(),
                parameters: parameters.into_iter().map(owned).collect(),
            }),
        }
    }
}

/// `type "/" subtype`, or a range of them.
pub(crate) fn kind_and_subtype<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a str, &'a str)> {
    let kind = cursor.token()?;
    if !cursor.take('/') {
        return None;
    }
    Some((kind, cursor.token()?))
}

fn owned((name, value): Pair<'_>) -> (String, String) {
    (name.to_ascii_lowercase(), value.unwrap_or_default().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_what_can_be_sent_is_a_media_type() {
        let cases = [
            ("application/json", Some("application/json")),
            (" Text/HTML; Charset=utf-8", Some("Text/HTML; Charset=utf-8")),
            ("application/vnd.a+json;v=\"1\"", Some("application/vnd.a+json;v=\"1\"")),
            ("*/*", Some("application/json")),
            ("application/*", Some("application/json")),
            ("text/*", Some("text/plain")),
            ("image/*", Some("application/octet-stream")),
            ("*/json", None),
            ("json", None),
            ("a/b c", None),
            ("a/b;=", None),
            ("a/b\r\nx: y", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let sent = MediaType::parse(text).map(|media_type| media_type.text);
            assert_eq!(sent.as_deref(), expected, "{text}");
        }
    }
}
