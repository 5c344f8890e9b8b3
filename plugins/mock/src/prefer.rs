//! What the client would like to see (RFC 7240): `Prefer: code=404` and `Prefer: example=NAME`, as list members
//! or as parameters of one. Other preferences are not ours and are passed over.

use portcullis_core::Headers;

use crate::fields::{Cursor, Pair, is_token};

/// Longest name of an example that can be asked for, in bytes.
const MAX_EXAMPLE: usize = 256;

/// The preferences that a mock honours.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// The status to answer with, 200 to 599.
    pub(crate) code: Option<u16>,
    /// The name of the example to answer with.
    pub(crate) example: Option<String>,
}

/// Why a `Prefer` says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPrefer {
    /// Not a list of preferences.
    #[error("The Prefer header is not a list of preferences as RFC 7240 writes them.")]
    Syntax,
    /// `code` is no status that a response can have.
    #[error("The preference 'code' is a status from 200 to 599.")]
    Code,
    /// `example` names nothing, or is too long.
    #[error("The preference 'example' is a name of 1 to {MAX_EXAMPLE} bytes.")]
    Example,
}

impl Preferences {
    /// Reads all `Prefer` fields; of a preference that stands twice the first counts.
    pub(crate) fn read(headers: &Headers) -> Result<Self, InvalidPrefer> {
        let mut preferences = Self::default();
        for line in headers.all("prefer") {
            let text = std::str::from_utf8(line).map_err(|_| InvalidPrefer::Syntax)?;
            preferences.read_line(&mut Cursor::new(text))?;
        }
        Ok(preferences)
    }

    /// The value of `Preference-Applied`; `None` when nothing was preferred.
    pub(crate) fn applied(&self) -> Option<String> {
        let code = self.code.map(|code| format!("code={code}"));
        let example = self.example.as_ref().map(|name| match is_token(name) {
            true => format!("example={name}"),
            false => format!("example=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
        });
        match (code, example) {
            (Some(code), Some(example)) => Some(format!("{code}, {example}")),
            (code, example) => code.or(example),
        }
    }

    fn read_line(&mut self, cursor: &mut Cursor<'_>) -> Result<(), InvalidPrefer> {
        loop {
            cursor.skip_space();
            if cursor.is_at_end() {
                return Ok(());
            }
            if cursor.take(',') {
                continue;
            }
            self.note(cursor.pair().ok_or(InvalidPrefer::Syntax)?)?;
            for parameter in cursor.parameters().ok_or(InvalidPrefer::Syntax)? {
                self.note(parameter)?;
            }
            if !(cursor.is_at_end() || cursor.take(',')) {
                return Err(InvalidPrefer::Syntax);
            }
        }
    }

    fn note(&mut self, (name, value): Pair<'_>) -> Result<(), InvalidPrefer> {
        let value = value.unwrap_or_default();
        if name.eq_ignore_ascii_case("code") && self.code.is_none() {
            let is_status = value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit());
            let status = value.parse().ok().filter(|status| is_status && (200..600).contains(status));
            self.code = Some(status.ok_or(InvalidPrefer::Code)?);
        } else if name.eq_ignore_ascii_case("example") && self.example.is_none() {
            if value.is_empty() || value.len() > MAX_EXAMPLE {
                return Err(InvalidPrefer::Example);
            }
            self.example = Some(value.into_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Preferences, InvalidPrefer> {
        Preferences::read(&Headers::from_pairs(lines.iter().map(|line| ("prefer", line))))
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn preferences_are_read_from_every_form_of_the_field() {
        let cases: [(&[&str], Option<u16>, Option<&str>); 13] = [
            (&[], None, None),
            (&[""], None, None),
            (&["code=404"], Some(404), None),
            (&["Code = \"404\""], Some(404), None),
            (&["code=404, example=cat"], Some(404), Some("cat")),
            (&["code=404; example=cat"], Some(404), Some("cat")),
            (&["example=\"a, b; \\\"c\\\"\";;code=200,"], Some(200), Some("a, b; \"c\"")),
            (&["code=404", "example=cat"], Some(404), Some("cat")),
            (&["return=minimal; wait, respond-async, code=500"], Some(500), None),
            (&["code=404, code=200"], Some(404), None),
            (&["code=404, code=nonsense"], Some(404), None),
            (&[" , ,code=599"], Some(599), None),
            (&["example=\"é\""], None, Some("é")),
        ];
        for (lines, code, example) in cases {
            let expected = Preferences { code, example: example.map(str::to_owned) };
            assert_eq!(read(lines), Ok(expected), "{lines:?}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_cannot_be_meant_is_refused() {
        let long = format!("example={}", "a".repeat(MAX_EXAMPLE + 1));
        let cases = [
            ("code=199", InvalidPrefer::Code),
            ("code=600", InvalidPrefer::Code),
            ("code=+404", InvalidPrefer::Code),
            ("code=4040", InvalidPrefer::Code),
            ("code", InvalidPrefer::Code),
            ("code=\"\"", InvalidPrefer::Code),
            ("code=4XX", InvalidPrefer::Code),
            ("example", InvalidPrefer::Example),
            (&long, InvalidPrefer::Example),
            ("code=", InvalidPrefer::Syntax),
            ("code=404 example=cat", InvalidPrefer::Syntax),
            ("example=\"cat", InvalidPrefer::Syntax),
            ("=404", InvalidPrefer::Syntax),
            ("code=404; ?", InvalidPrefer::Syntax),
        ];
        for (line, expected) in cases {
            assert_eq!(read(&[line]), Err(expected), "{line}");
        }
        let not_text = Headers::from_pairs([("prefer", b"code=\xff")]);
        assert_eq!(Preferences::read(&not_text), Err(InvalidPrefer::Syntax));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn what_was_applied_reads_as_what_was_preferred(
            code in proptest::option::of(200u16..600),
            example in proptest::option::of(r#"[a-c"\\, =;é]{1,12}"#),
        ) {
            let preferences = Preferences { code, example };
            let applied = preferences.applied().unwrap_or_default();
            proptest::prop_assert_eq!(read(&[&applied]), Ok(preferences));
        }
    }
}
