//! JSON texts (RFC 8259) from strangers: every bound is checked while reading, names may not repeat, numbers
//! keep their digits. Judges nothing that a schema could say.

pub(crate) mod plain;

use std::borrow::Cow;

use plain::Number;

use crate::fault::Fault;
use crate::value::{Object, Value};

/// What a reader bears.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How deep arrays and objects may nest.
    pub depth: usize,
    /// Most bytes of one number, so that comparing it stays cheap.
    pub number: usize,
    /// Most values of all kinds.
    pub values: usize,
}

impl Limits {
    /// For what clients send.
    pub const MESSAGE: Self = Self { depth: 64, number: 128, values: 250_000 };
    /// For schemas, which the compiler wrote.
    pub(crate) const SCHEMA: Self = Self { depth: 200, number: 1024, values: 5_000_000 };
}

/// The greatest power of ten that a number may be written with.
const MAX_EXPONENT: u32 = 400;

/// Reads one JSON text and nothing behind it.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Value<'_>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::new("syntax", "is not UTF-8"))?;
    let mut reader = Reader::new(text, limits);
    let value = reader.value(0)?;
    reader.end()?;
    Ok(value)
}

/// Reads a JSON text that may have been decoded from another.
pub(crate) fn read_text(text: Cow<'_, str>, limits: Limits) -> Result<Value<'_>, Fault> {
    match text {
        Cow::Borrowed(text) => read(text.as_bytes(), limits),
        Cow::Owned(text) => read(text.as_bytes(), limits).map(Value::into_owned),
    }
}

/// Whether a text is a JSON number that a message may hold.
pub(crate) fn is_number(text: &str) -> bool {
    let mut reader = Reader::new(text, Limits::MESSAGE);
    reader.number().is_ok() && reader.at == text.len()
}

/// Reads a text from its start to its end.
pub(crate) struct Reader<'t> {
    text: &'t str,
    at: usize,
    limits: Limits,
    values: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, limits: Limits) -> Self {
        Self { text, at: 0, limits, values: 0 }
    }

    /// Fails unless nothing but space is left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.syntax()) }
    }

    /// Steps up to a value and tells its first byte; nothing where no value may follow. A result that can hold a fault costs
    /// more than this.
    pub(crate) fn begin(&mut self) -> Option<u8> {
        self.values += 1;
        if self.values > self.limits.values {
            return None;
        }
        self.skip_space();
        self.peek()
    }

    /// Reads a value within so many others.
    pub(crate) fn value(&mut self, depth: usize) -> Result<Value<'t>, Fault> {
        match self.begin() {
            Some(first) => self.value_from(first, depth),
            None if self.values > self.limits.values => Err(Fault::new("size", "has too many values")),
            None => Err(self.syntax()),
        }
    }

    /// Reads a value whose first byte is known.
    pub(crate) fn value_from(&mut self, first: u8, depth: usize) -> Result<Value<'t>, Fault> {
        match first {
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b'"' => self.string().map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => Err(self.syntax()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'t>, Fault> {
        self.check_depth(depth)?;
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(Object::default()));
        }
        loop {
            let name = self.name()?;
            let value = self.value(depth).map_err(|fault| fault.within(&name))?;
            members.push((name, value));
            if !self.goes_on(b'}').ok_or_else(|| self.syntax())? {
                return Object::new(members)
                    .map(Value::Object)
                    .map_err(|name| Fault::new("uniqueNames", "stands twice in its object").within(&name));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'t>, Fault> {
        self.check_depth(depth)?;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth).map_err(|fault| fault.within(&items.len().to_string()))?);
            if !self.goes_on(b']').ok_or_else(|| self.syntax())? {
                return Ok(Value::Array(items));
            }
        }
    }

    /// The name of a member, and the colon behind it.
    pub(crate) fn name(&mut self) -> Result<Cow<'t, str>, Fault> {
        self.skip_space();
        let name = self.string()?;
        self.skip_space();
        if self.take(b':') { Ok(name) } else { Err(self.syntax()) }
    }

    /// Reads a string in which nothing is escaped; else reads nothing.
    pub(crate) fn plain_string(&mut self) -> Option<&'t str> {
        let start = self.at + 1;
        let length = plain::length(self.text.as_bytes().get(start..)?)?;
        let text = self.text.get(start..start + length)?;
        if self.text.as_bytes().get(start + length) != Some(&b'"') {
            return None;
        }
        self.at = start + length + 1;
        Some(text)
    }

    /// Reads a number without an exponent; else reads nothing.
    pub(crate) fn plain_number(&mut self) -> Option<Number<'t>> {
        let number = plain::number(self.rest())?;
        if number.text.len() > self.limits.number {
            return None;
        }
        self.at += number.text.len();
        Some(number)
    }

    /// Steps over a name and the colon behind it, if it is written as `expected`, in which nothing needs an escape.
    pub(crate) fn take_name(&mut self, expected: &str) -> bool {
        self.skip_space();
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        // The quotes first: they tell most other names apart.
        let behind = expected.len() + 2;
        if rest.first() != Some(&b'"') || rest.get(behind - 1) != Some(&b'"') {
            return false;
        }
        if !rest.get(1..behind - 1).is_some_and(|name| plain::is_same(name, expected.as_bytes())) {
            return false;
        }
        let start = self.at;
        self.at += behind;
        let there = self.take(b':') || {
            self.skip_space();
            self.take(b':')
        };
        if !there {
            self.at = start;
        }
        there
    }

    /// Whether a comma follows, and not the closing bracket; nothing where neither does.
    pub(crate) fn goes_on(&mut self, closing: u8) -> Option<bool> {
        self.skip_space();
        let goes_on = match self.peek()? {
            b',' => true,
            byte if byte == closing => false,
            _ => return None,
        };
        self.at += 1;
        Some(goes_on)
    }

    /// Steps over the opening bracket and the space behind it; false where values may not nest so deep.
    pub(crate) fn enter(&mut self, depth: usize) -> bool {
        self.at += 1;
        self.skip_space();
        depth <= self.limits.depth
    }

    fn check_depth(&mut self, depth: usize) -> Result<(), Fault> {
        if self.enter(depth) {
            return Ok(());
        }
        Err(Fault::new("depth", format!("nests deeper than {} levels", self.limits.depth)))
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        if !self.take(b'"') {
            return Err(self.syntax());
        }
        let plain = self.plain()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut decoded = plain.to_owned();
        while self.peek() == Some(b'\\') {
            decoded.push(self.escape()?);
            decoded.push_str(self.plain()?);
        }
        if self.take(b'"') { Ok(Cow::Owned(decoded)) } else { Err(self.syntax()) }
    }

    /// The characters up to a quote, an escape, or what may not stand in a string.
    fn plain(&mut self) -> Result<&'t str, Fault> {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let end = self.at + plain::length(bytes).ok_or_else(|| self.syntax())?;
        let plain = self.text.get(self.at..end).ok_or_else(|| self.syntax())?;
        self.at = end;
        Ok(plain)
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let kind = self.peek().ok_or_else(|| self.syntax())?;
        self.at += 1;
        Ok(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return Err(self.syntax()),
        })
    }

    /// The four digits behind `\u`, and those of the second half of a surrogate pair.
    fn code_point(&mut self) -> Result<char, Fault> {
        let first = self.four_digits()?;
        let code = if (0xD800..0xDC00).contains(&first) && self.rest().starts_with("\\u") {
            self.at += 2;
            let second = self.four_digits()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.syntax());
            }
            0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.syntax())
    }

    fn four_digits(&mut self) -> Result<u32, Fault> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.syntax())?;
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Result<Value<'t>, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            let exponent: Option<u32> = self.digits()?.parse().ok();
            if exponent.is_none_or(|exponent| exponent > MAX_EXPONENT) {
                return Err(Fault::new("number", "is a number with too large an exponent"));
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if text.len() > self.limits.number {
            return Err(Fault::new("number", "is a number with too many digits"));
        }
        Ok(Value::Number(Cow::Borrowed(text)))
    }

    fn digits(&mut self) -> Result<&'t str, Fault> {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return Err(self.syntax());
        }
        self.at += length;
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn word(&mut self, word: &str, value: Value<'t>) -> Result<Value<'t>, Fault> {
        if !self.rest().starts_with(word) {
            return Err(self.syntax());
        }
        self.at += word.len();
        Ok(value)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn syntax(&self) -> Fault {
        Fault::new("syntax", format!("is not JSON from byte {} on", self.at))
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
