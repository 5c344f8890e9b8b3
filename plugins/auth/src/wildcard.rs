//! Patterns in which `*` stands for any text, also for none. All else stands for itself.

/// A pattern, in parts between the stars.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wildcard {
    first: Vec<u8>,
    /// In which order they must occur.
    middle: Vec<Vec<u8>>,
    /// `None` without any star.
    last: Option<Vec<u8>>,
}

impl Wildcard {
    pub(crate) fn new(text: &str) -> Self {
        let mut parts = text.split('*').map(|part| part.as_bytes().to_vec());
        let first = parts.next().unwrap_or_default();
        let mut middle: Vec<_> = parts.collect();
        let last = middle.pop();
        middle.retain(|part| !part.is_empty());
        Self { first, middle, last }
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let middle = self.middle.iter().map(|part| size_of::<Vec<u8>>() + part.len()).sum::<usize>();
        size_of::<Self>() + self.first.len() + middle + self.last.as_ref().map_or(0, Vec::len)
    }

    /// Whether all of the text fits. Each part is sought from where the one before ended, and never again: no more than
    /// one pass over the text for each part.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let Some(last) = &self.last else { return text == self.first };
        let Some(rest) = text.strip_prefix(self.first.as_slice()) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.as_slice()) else { return false };
        for part in &self.middle {
            let found = rest.windows(part.len()).position(|window| window == part.as_slice());
            let Some(at) = found else { return false };
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn stars_stand_for_any_text() {
        let cases = [
            ("https://a.example/x", "https://a.example/x", true),
            ("https://a.example/x", "https://a.example/xy", false),
            ("https://a.example/*", "https://a.example/", true),
            ("https://a.example/*", "https://a.example.evil/", false),
            ("https://a.example/*", "https://evil/?https://a.example/", false),
            ("*.example/*", "https://b.example/c", true),
            ("https://*.example/*/z", "https://b.example/c/z", true),
            ("https://*.example/*/z", "https://b.example/z", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a**b*", "axxb", true),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "abb", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("A*", "a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Wildcard::new(pattern).matches(text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn it_is_as_good_as_trying_everything(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            fn naive(pattern: &[u8], text: &[u8]) -> bool {
                match pattern.split_first() {
                    None => text.is_empty(),
                    Some((b'*', rest)) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
                    Some((one, rest)) => text.first() == Some(one) && naive(rest, &text[1..]),
                }
            }
            let expected = naive(pattern.as_bytes(), text.as_bytes());
            proptest::prop_assert_eq!(Wildcard::new(&pattern).matches(text.as_bytes()), expected);
        }
    }
}
