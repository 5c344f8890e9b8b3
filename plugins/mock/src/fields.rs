//! The pieces that list-valued header fields are made of (RFC 9110, section 5.6): tokens, quoted strings and
//! parameters. Knows no field in particular.

use std::borrow::Cow;

/// A name, and the value behind its `=`.
pub(crate) type Pair<'a> = (&'a str, Option<Cow<'a, str>>);

/// Reads a field value from left to right; what it cannot read it leaves where it is.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Optional white space.
    pub(crate) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes `delimiter` if it comes next.
    pub(crate) fn take(&mut self, delimiter: char) -> bool {
        match self.rest.strip_prefix(delimiter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// `1*tchar`
    pub(crate) fn token(&mut self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end)?;
        if token.is_empty() {
            return None;
        }
        self.rest = rest;
        Some(token)
    }

    /// `token [ "=" word ]`, white space allowed around the `=`.
    pub(crate) fn pair(&mut self) -> Option<Pair<'a>> {
        let name = self.token()?;
        self.skip_space();
        if !self.take('=') {
            return Some((name, None));
        }
        self.skip_space();
        let value = if self.rest.starts_with('"') { self.quoted()? } else { Cow::Borrowed(self.token()?) };
        Some((name, Some(value)))
    }

    /// `*( ";" [ pair ] )`; `None` where one is malformed.
    pub(crate) fn parameters(&mut self) -> Option<Vec<Pair<'a>>> {
        let mut parameters = Vec::new();
        loop {
            self.skip_space();
            if !self.take(';') {
                return Some(parameters);
            }
            self.skip_space();
            if !(self.is_at_end() || self.rest.starts_with([';', ','])) {
                parameters.push(self.pair()?);
            }
        }
    }

    /// Goes behind the next comma that stands in no quoted string.
    pub(crate) fn skip_member(&mut self) {
        while let Some(next) = self.rest.chars().next() {
            if next == '"' && self.quoted().is_some() {
                continue;
            }
            self.take(next);
            if next == ',' {
                return;
            }
        }
    }

    /// `quoted-string`, without its quotes and backslashes.
    fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let inner = self.rest.strip_prefix('"')?;
        let mut unescaped = String::new();
        let mut characters = inner.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = inner.get(at + 1..)?;
                    let plain = inner.get(..at)?;
                    let is_plain = plain.len() == unescaped.len();
                    return Some(if is_plain { Cow::Borrowed(plain) } else { Cow::Owned(unescaped) });
                }
                '\\' => unescaped.push(characters.next()?.1),
                other => unescaped.push(other),
            }
        }
        None
    }
}

/// Whether a text is a token: whether it can stand in a field without quotes.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn pairs_are_read_with_tokens_and_quoted_strings() {
        let cases = [
            ("a", Some(("a", None))),
            ("a=b;c", Some(("a", Some("b")))),
            ("a = b", Some(("a", Some("b")))),
            (r#"a="b, \"c\" ;""#, Some(("a", Some(r#"b, "c" ;"#)))),
            (r#"a="""#, Some(("a", Some("")))),
            (r#"a="é""#, Some(("a", Some("é")))),
            ("a=", None),
            (r#"a="b"#, None),
            (r#"a="b\"#, None),
            ("=b", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let pair = Cursor::new(text).pair();
            let pair = pair.as_ref().map(|(name, value)| (*name, value.as_deref()));
            assert_eq!(pair, expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_skipped_member_ends_at_a_comma_outside_quotes() {
        let cases = [("a@,b", "b"), (r#"x="a,b", c"#, " c"), (r#"x="a,b"#, "b"), ("x", "")];
        for (text, rest) in cases {
            let mut cursor = Cursor::new(text);
            cursor.skip_member();
            assert_eq!(cursor.rest, rest, "{text}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in r#"[a=",;\\ é*/]{0,24}"#) {
            let mut cursor = Cursor::new(&text);
            for _ in 0..=text.len() {
                let _ = cursor.pair().and_then(|_| cursor.parameters());
                cursor.skip_member();
            }
            proptest::prop_assert!(cursor.is_at_end());
        }
    }
}
