//! A JSON object with one long list, of which one element at a time is in memory. It finds where values end and leaves them to
//! serde_json, which reads a slice four times as fast as a stream.

use std::io::BufRead;
use std::ops::Range;

/// Longest element or other member, in bytes.
const MAX_VALUE: usize = 64 * 1024;

/// What an object has, as it stands there.
pub(super) enum Member<'t> {
    /// An element of the list.
    Element(&'t [u8]),
    /// A member that is not the list: its name and its value.
    Other(&'t str, &'t [u8]),
}

/// The text is no such object, or what was found in it was not taken: after so many bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) usize);

/// Hands over what is in an object, in its order, until something is not taken. Whether the list was there. The values that
/// are handed over may be anything; whoever takes them must read them.
pub(super) fn read(
    text: impl BufRead,
    list: &str,
    take: &mut dyn FnMut(Member<'_>) -> Option<()>,
) -> Result<bool, Broken> {
    let mut text = Text { source: text, held: Vec::new(), at: 0, passed: 0 };
    text.object(list, take).ok_or(Broken(text.passed + text.at))
}

struct Text<R> {
    source: R,
    held: Vec<u8>,
    /// What of it was read.
    at: usize,
    /// What was read before it.
    passed: usize,
}

impl<R: BufRead> Text<R> {
    fn object(&mut self, list: &str, take: &mut dyn FnMut(Member<'_>) -> Option<()>) -> Option<bool> {
        let mut is_there = false;
        self.take(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
        } else {
            loop {
                let name = self.value()?;
                let name: String = serde_json::from_slice(self.held.get(name)?).ok()?;
                self.take(b':')?;
                if name == list {
                    is_there = true;
                    self.list(take)?;
                } else {
                    let value = self.value()?;
                    take(Member::Other(&name, self.held.get(value)?))?;
                }
                if self.ends_with(b'}')? {
                    break;
                }
            }
        }
        self.peek().is_none().then_some(is_there)
    }

    fn list(&mut self, take: &mut dyn FnMut(Member<'_>) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            let value = self.value()?;
            take(Member::Element(self.held.get(value)?))?;
            if self.ends_with(b']')? {
                return Some(());
            }
        }
    }

    /// The next byte that is no space; `None` at the end.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let rest = self.held.get(self.at..).unwrap_or_default();
            match rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
                Some(spaces) => {
                    self.at += spaces;
                    return self.held.get(self.at).copied();
                }
                None => self.at = self.held.len(),
            }
            if !self.read_on() {
                return None;
            }
        }
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        let found = self.peek()?;
        self.at += 1;
        (found == expected).then_some(())
    }

    /// Whether what follows a value is the end of all, and not the next one.
    fn ends_with(&mut self, end: u8) -> Option<bool> {
        let found = self.peek()?;
        self.at += 1;
        if found == end { Some(true) } else { (found == b',').then_some(false) }
    }

    /// Where the next value is; reads past it.
    fn value(&mut self) -> Option<Range<usize>> {
        self.peek()?;
        let (mut end, mut length) = (End::default(), 0);
        loop {
            let rest = self.held.get(self.at + length..).unwrap_or_default();
            let found = end.find(rest);
            length += found.unwrap_or(rest.len());
            if length > MAX_VALUE {
                return None;
            }
            if found.is_some() {
                let value = self.at..self.at + length;
                self.at = value.end;
                return Some(value);
            }
            if !self.read_on() {
                return None;
            }
        }
    }

    /// Takes in another piece in the place of what was read. False at the end.
    fn read_on(&mut self) -> bool {
        self.held.drain(..self.at);
        self.passed += std::mem::take(&mut self.at);
        let Ok(piece) = self.source.fill_buf() else { return false };
        let length = piece.len();
        self.held.extend_from_slice(piece);
        self.source.consume(length);
        length > 0
    }
}

/// Looks for the end of a value, in one piece after another.
#[derive(Default)]
struct End {
    depth: u32,
    is_in_text: bool,
    is_escaped: bool,
}

impl End {
    /// How much of the piece belongs to the value; `None`: all of it, and more.
    fn find(&mut self, piece: &[u8]) -> Option<usize> {
        for (at, byte) in piece.iter().enumerate() {
            if self.is_in_text {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' if self.depth == 0 => return Some(at + 1),
                    b'"' => self.is_in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.is_in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == 1 => return Some(at + 1),
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 => {
                    return Some(at);
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use serde_json::Value;

    use super::*;

    /// The elements, if there is a list, and the other members.
    type Parsed = (Option<Vec<Value>>, Vec<(String, Value)>);

    /// Reads a document in pieces of this size: elements, and other members.
    fn parse(text: &str, piece: usize) -> Option<Parsed> {
        let (mut elements, mut others) = (Vec::new(), Vec::new());
        let is_there = read(BufReader::with_capacity(piece, text.as_bytes()), "list", &mut |member| {
            match member {
                Member::Element(text) => elements.push(serde_json::from_slice(text).ok()?),
                Member::Other(name, text) => {
                    others.push((name.to_owned(), serde_json::from_slice(text).ok()?));
                }
            }
            Some(())
        });
        is_there.ok().map(|is_there| (is_there.then_some(elements), others))
    }

    /// What serde_json says of the same.
    fn expected(text: &str) -> Option<Parsed> {
        let Value::Object(mut members) = serde_json::from_str(text).ok()? else { return None };
        let list = members.remove("list").map(|list| list.as_array().cloned());
        Some((if let Some(list) = list { Some(list?) } else { None }, members.into_iter().collect()))
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_document_is_read_as_serde_json_reads_it_in_pieces_of_any_size() {
        let texts = [
            "{}",
            " { } ",
            r#"{"list":[]}"#,
            r#" {"a" : 1 , "list" : [ 1 , "2" , {"x":[{}]} , [ ] , null,-1.5e3 ] , "next" : "\"]}\\" } "#,
            r#"{"\u006cist":[true,false]}"#,
            r#"{"list":["\\","\"","é","\u00e9]"]}"#,
            r#"{"a":"}","b":{"list":[1]},"c":[[]]}"#,
            "",
            "{",
            "[]",
            "1",
            "null",
            "{}x",
            "{},",
            "{}{}",
            r#"{"list":[1,]}"#,
            r#"{"list":[,1]}"#,
            r#"{"list":[1}"#,
            r#"{"list":{}}"#,
            r#"{"list":1}"#,
            r#"{"list":[1 2]}"#,
            r#"{"list":[1"2"]}"#,
            r#"{"list":[{"a":1]}]}"#,
            r#"{"a":1,}"#,
            r#"{,}"#,
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{a:1}"#,
            r#"{"a":1:2}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":"#,
            r#"{"a":"x"#,
            r#"{"list":["x"#,
            r#"{"list":[[1]"#,
            r#"{"a":tru e}"#,
            r#"{1:2}"#,
            r#"{"a":01}"#,
        ];
        for text in texts {
            for piece in [1, 2, 3, 7, 64] {
                assert_eq!(parse(text, piece), expected(text), "{piece}: {text}");
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn no_more_than_a_value_is_held() {
        let endless = r#"{"list":[""#.as_bytes().chain(std::io::repeat(b'x'));
        let broken = read(BufReader::new(endless), "list", &mut |_| panic!("there is no end of it"));
        assert_eq!(broken, Err(Broken(9)), "where the value begins");
        let many = r#"{"list":["x""#.as_bytes().chain(std::io::Cursor::new(",\"x\"".repeat(100_000)));
        let mut count = 0;
        let cut = read(BufReader::new(many), "list", &mut |_| {
            count += 1;
            Some(())
        });
        assert_eq!((count, cut.is_err()), (100_001, true));
    }
}
