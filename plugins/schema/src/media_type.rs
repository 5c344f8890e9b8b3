//! Media types and media ranges (RFC 9110, sections 8.3.1 and 12.5.1): what `Content-Type` says, and what
//! an operation declares. Knows no message.

/// A media type or, where `*` is allowed, a media range. Type, subtype and parameter names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    top: String,
    sub: String,
    parameters: Vec<(String, String)>,
}

/// See [`MediaType::is_stream`].
const STREAMS: [(&str, &str); 8] = [
    ("text", "event-stream"),
    ("application", "ndjson"),
    ("application", "x-ndjson"),
    ("application", "jsonl"),
    ("application", "x-jsonlines"),
    ("application", "json-seq"),
    ("application", "stream+json"),
    ("multipart", "x-mixed-replace"),
];

/// Most parameters that are read; a type with more is no media type.
const MAX_PARAMETERS: usize = 16;

impl MediaType {
    /// Reads `type/subtype; name=value; name="quoted"`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (essence, mut rest) = match text.split_once(';') {
            Some((essence, rest)) => (essence, Some(rest)),
            None => (text, None),
        };
        let (top, sub) = trim(essence).split_once('/')?;
        if !is_token(top) || !is_token(sub) || (top == "*" && sub != "*") {
            return None;
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        while let Some(text) = rest {
            let text = text.trim_start_matches([' ', '\t', ';']);
            if text.is_empty() {
                break;
            }
            let (name, value, tail) = read_parameter(text)?;
            let is_known = parameters.iter().any(|(known, _)| *known == name);
            if is_known || parameters.len() == MAX_PARAMETERS {
                return None;
            }
            // Nothing in a boundary needs one, and not every reader knows what it means.
            if name == "boundary" && before(text, tail).contains('\\') {
                return None;
            }
            parameters.push((name, value));
            rest = tail;
        }
        Some(Self { top: top.to_ascii_lowercase(), sub: sub.to_ascii_lowercase(), parameters })
    }

    /// The value of a parameter; `name` in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The boundary between parts (RFC 2046, section 5.1.1), where every reader sees the same: some look for the word alone.
    pub(crate) fn boundary(&self) -> Option<&str> {
        let boundary = self.parameter("boundary")?;
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
        let looks_like_one = |text: &str| text.to_ascii_lowercase().contains("boundary");
        let mut others = self.parameters.iter().filter(|(name, _)| name != "boundary");
        let is_clear = !others.any(|(name, value)| looks_like_one(name) || looks_like_one(value));
        (is_clear && boundary.bytes().all(is_good) && !boundary.ends_with(' ')).then_some(boundary)
    }

    /// Whether this is `application/json`, `text/json` or any `+json`.
    pub fn is_json(&self) -> bool {
        self.sub == "json" || self.sub.ends_with("+json")
    }

    /// Whether this is any `text/`.
    pub fn is_text(&self) -> bool {
        self.top == "text"
    }

    /// Whether this is any `multipart/`.
    pub(crate) fn is_multipart(&self) -> bool {
        self.top == "multipart"
    }

    /// Whether bodies of this type go on for as long as somebody listens, so that they can never be judged as a whole.
    pub fn is_stream(&self) -> bool {
        STREAMS.iter().any(|(top, sub)| self.top == *top && self.sub == *sub)
            || (self.top == "application" && self.sub.starts_with("grpc"))
    }

    /// Whether this, as a range, takes `media`: every parameter of the range must be there with its value.
    pub fn includes(&self, media: &Self) -> bool {
        let wild = |range: &str, found: &str| range == "*" || range == found;
        wild(&self.top, &media.top)
            && wild(&self.sub, &media.sub)
            && self.parameters.iter().all(|(name, value)| {
                media.parameter(name).is_some_and(|found| match name.as_str() {
                    "charset" => found.eq_ignore_ascii_case(value),
                    _ => found == value,
                })
            })
    }

    /// How narrow a range is: of those that take a type, the greatest wins.
    pub fn specificity(&self) -> (bool, bool, usize) {
        (self.top != "*", self.sub != "*", self.parameters.len())
    }
}

impl std::fmt::Display for MediaType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.top, self.sub)?;
        for (name, value) in &self.parameters {
            if is_token(value) {
                write!(f, ";{name}={value}")?;
            } else {
                write!(f, ";{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}

/// One `name=value` at the start of `text`, and what follows the next `;`.
pub(crate) fn read_parameter(text: &str) -> Option<(String, String, Option<&str>)> {
    let (name, rest) = text.split_once('=')?;
    let name = trim(name);
    if !is_token(name) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let rest = rest.trim_start_matches([' ', '\t']);
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, rest) = read_quoted(quoted)?;
        let rest = trim(rest);
        return match rest.strip_prefix(';') {
            Some(tail) => Some((name, value, Some(tail))),
            None if rest.is_empty() => Some((name, value, None)),
            None => None,
        };
    }
    let (value, tail) = match rest.split_once(';') {
        Some((value, tail)) => (trim(value), Some(tail)),
        None => (trim(rest), None),
    };
    is_token(value).then(|| (name, value.to_owned(), tail))
}

/// What of a text stands before its end.
pub(crate) fn before<'t>(text: &'t str, end: Option<&str>) -> &'t str {
    text.strip_suffix(end.unwrap_or_default()).unwrap_or(text)
}

/// A quoted string behind its first quote, and what follows the last one.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// Whether a text in this charset is read; US-ASCII is the same in UTF-8.
pub(crate) fn is_utf8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
}

/// Whether bytes that are labelled with a charset are the same text in UTF-8.
pub(crate) fn is_as_utf8(charset: &str, bytes: &[u8]) -> bool {
    let has_ascii =
        |charset: &str| ["iso-8859-", "windows-125"].iter().any(|known| charset.starts_with(known));
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => true,
        charset => (charset == "us-ascii" || has_ascii(charset)) && bytes.is_ascii(),
    }
}

/// Text without the optional white space of RFC 9110 around it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn media_types_are_read_as_rfc_9110_has_them() {
        let cases = [
            ("Application/JSON", Some("application/json")),
            ("text/plain; charset=\"utf-8\"", Some("text/plain;charset=utf-8")),
            ("text/plain;charset=utf-8;", Some("text/plain;charset=utf-8")),
            ("multipart/form-data; x=\"a b\\\"c\"", Some("multipart/form-data;x=\"a b\\\"c\"")),
            ("multipart/form-data; boundary=\"a\\b\"", None),
            ("application/json, text/plain", None),
            ("application/json; charset", None),
            ("application/json; a=1; A=2", None),
            ("json", None),
            ("*/json", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(MediaType::parse(text).map(|media| media.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_boundary_is_one_to_every_reader() {
        let cases = [
            ("boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", Some("----WebKitFormBoundary7MA4YWxkTrZu0gW")),
            ("charset=utf-8; Boundary=\"=_a (b)?\"", Some("=_a (b)?")),
            ("boundary=\"a \"", None),
            ("boundary=a%b", None),
            ("boundary=\"a;b\"", None),
            ("boundary=é", None),
            ("boundary=b; xboundary=a", None),
            ("boundary=b; boundary*=utf-8''a", None),
            ("charset=\"boundary=a\"; boundary=b", None),
            ("charset=utf-8", None),
        ];
        for (parameters, expected) in cases {
            let media = MediaType::parse(&format!("multipart/form-data; {parameters}"));
            assert_eq!(media.as_ref().and_then(MediaType::boundary), expected, "{parameters}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_range_takes_what_it_covers() {
        let cases = [
            ("*/*", "a/b", true),
            ("a/*", "A/b;x=1", true),
            ("a/b", "a/b;charset=utf-8", true),
            ("a/b", "a/bc", false),
            ("a/b;v=1", "a/b;v=1;w=2", true),
            ("a/b;v=1", "a/b", false),
            ("a/b;charset=UTF-8", "a/b;charset=utf-8", true),
            ("application/json", "application/problem+json", false),
        ];
        for (range, media, expected) in cases {
            let (range, media) = (MediaType::parse(range).unwrap(), MediaType::parse(media).unwrap());
            assert_eq!(range.includes(&media), expected, "{range} {media}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn reading_never_panics_and_writing_is_its_inverse(text in "[a-z*/]{0,6}/[a-z+*]{1,6}(; ?[a-c]=(\"[ -~]{0,6}\"|[a-z]{1,4})){0,3}") {
            if let Some(media) = MediaType::parse(&text) {
                proptest::prop_assert_eq!(MediaType::parse(&media.to_string()), Some(media));
            }
        }
    }
}
