//! Strict JSON (RFC 8259) to a tree, over the tokens of `jsonc-parser`; what that scanner allows beyond JSON
//! (comments, control characters in strings, other white space) is refused here.

use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};

use super::{MAX_DEPTH, Member, Node, Object, SyntaxError, Value};
use crate::codes;
use crate::source::{FileId, Place, saturating};

const STRICT: ScannerOptions = ScannerOptions {
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse(file: FileId, text: &str) -> Result<Node, SyntaxError> {
    let scanner = Scanner::new(text, &STRICT);
    let mut reader = Reader { file, text, scanner, last_end: 0 };
    let first = reader.token()?;
    let root = reader.value(first, 0)?;
    match reader.token()? {
        None => Ok(root),
        Some(_) => Err(reader.unexpected("the end of the document")),
    }
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    scanner: Scanner<'t>,
    /// The end of the token before the current one.
    last_end: usize,
}

impl<'t> Reader<'t> {
    fn token(&mut self) -> Result<Option<Token<'t>>, SyntaxError> {
        self.last_end = self.scanner.token_end();
        let token = self.scanner.scan().map_err(|error| {
            let range = error.range();
            self.error(error.kind().to_string(), range.start, range.end)
        })?;
        self.refuse_foreign_space()?;
        if matches!(token, Some(Token::String(_))) {
            self.refuse_control_characters()?;
        }
        Ok(token)
    }

    fn value(&mut self, token: Option<Token<'t>>, depth: usize) -> Result<Node, SyntaxError> {
        let start = self.scanner.token_start();
        if depth > MAX_DEPTH {
            let message = format!("values nest more than {MAX_DEPTH} deep");
            return Err(SyntaxError { code: codes::TOO_DEEP, ..self.error(message, start, start + 1) });
        }
        let value = match token {
            Some(Token::OpenBrace) => self.object(depth)?,
            Some(Token::OpenBracket) => self.array(depth)?,
            Some(Token::String(text)) => Value::String(text.into()),
            Some(Token::Number(text)) => Value::Number(text.into()),
            Some(Token::Boolean(value)) => Value::Bool(value),
            Some(Token::Null) => Value::Null,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node::new(self.place(start, self.scanner.token_end()), value))
    }

    fn array(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let mut items = Vec::new();
        let mut token = self.token()?;
        if token == Some(Token::CloseBracket) {
            return Ok(Value::Array(items.into()));
        }
        loop {
            items.push(self.value(token, depth + 1)?);
            match self.token()? {
                Some(Token::Comma) => token = self.token()?,
                Some(Token::CloseBracket) => return Ok(Value::Array(items.into())),
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let mut members = Vec::new();
        let mut token = self.token()?;
        while token != Some(Token::CloseBrace) || !members.is_empty() {
            members.push(self.member(token, depth)?);
            match self.token()? {
                Some(Token::Comma) => token = self.token()?,
                Some(Token::CloseBrace) => break,
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
        let object = Object::new(members).map_err(|member| duplicate_key(&member))?;
        Ok(Value::Object(Box::new(object)))
    }

    fn member(&mut self, token: Option<Token<'t>>, depth: usize) -> Result<Member, SyntaxError> {
        let Some(Token::String(key)) = token else {
            return Err(self.unexpected("a key in double quotes"));
        };
        let key_place = self.place(self.scanner.token_start(), self.scanner.token_end());
        if self.token()? != Some(Token::Colon) {
            return Err(self.unexpected("`:`"));
        }
        let token = self.token()?;
        Ok(Member { key: key.into(), key_place, node: self.value(token, depth + 1)? })
    }

    fn refuse_foreign_space(&self) -> Result<(), SyntaxError> {
        let start = self.scanner.token_start();
        let space = self.text.get(self.last_end..start).unwrap_or_default();
        if space.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            return Ok(());
        }
        Err(self.error(
            "JSON allows only spaces, tabs and line breaks between values".to_owned(),
            self.last_end,
            start,
        ))
    }

    fn refuse_control_characters(&self) -> Result<(), SyntaxError> {
        let (start, end) = (self.scanner.token_start(), self.scanner.token_end());
        let raw = self.text.get(start..end).unwrap_or_default();
        match raw.bytes().position(|byte| byte < 0x20) {
            None => Ok(()),
            Some(at) => {
                let message = "control characters in a string must be escaped".to_owned();
                Err(self.error(message, start + at, start + at + 1))
            }
        }
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let (start, end) = (self.scanner.token_start(), self.scanner.token_end());
        let found = match self.text.get(start..end) {
            None | Some("") => "the end of the document".to_owned(),
            Some(text) => format!("`{}`", text.chars().take(32).collect::<String>()),
        };
        self.error(format!("expected {wanted}, found {found}"), start, end)
    }

    fn error(&self, message: String, start: usize, end: usize) -> SyntaxError {
        SyntaxError { code: codes::JSON_SYNTAX, message, place: self.place(start, end.max(start)) }
    }

    fn place(&self, start: usize, end: usize) -> Place {
        Place { file: self.file, start: saturating(start), end: saturating(end) }
    }
}

pub(super) fn duplicate_key(member: &Member) -> SyntaxError {
    SyntaxError {
        code: codes::DUPLICATE_KEY,
        message: format!("the key `{}` occurs twice in one object", member.key),
        place: member.key_place,
    }
}
