//! What is wrong with a message, found before or by its schema, and the list of it that the client gets.

use std::borrow::Cow;

use portcullis_core::Violation;

use crate::value::Value;
use crate::work::Work;

/// One thing wrong within a value: where, by which rule, and a sentence that does not repeat the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer within the value; empty for the value itself.
    pub pointer: String,
    /// The schema keyword, or a word for what comes before the schema.
    pub keyword: &'static str,
    /// What a reader is told after the name of the place: `is not JSON`.
    pub message: Cow<'static, str>,
}

impl Fault {
    /// A fault of the value itself.
    pub(crate) fn new(keyword: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { pointer: String::new(), keyword, message: message.into() }
    }

    /// The same fault, seen from the object or array that has the value as its member `name`.
    #[must_use]
    pub(crate) fn within(mut self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        self.pointer.insert_str(0, &name);
        self.pointer.insert(0, '/');
        self
    }
}

/// The violations of one message, up to a bound, and the work that may still be done to find them.
#[derive(Debug)]
pub(crate) struct Violations {
    pub(crate) work: Work,
    list: Vec<Violation>,
    most: usize,
    shows_values: bool,
}

/// Longest pointer that is shown: member names are the client's own.
const MAX_POINTER: usize = 256;
/// Longest text that is shown of a value.
const MAX_VALUE: usize = 64;

impl Violations {
    pub(crate) fn up_to(most: usize) -> Self {
        Self { work: Work::default(), list: Vec::new(), most, shows_values: false }
    }

    /// Whether values may be shown.
    pub(crate) fn showing_values(self, shows_values: bool) -> Self {
        Self { shows_values, ..self }
    }

    /// The same work, with nothing found yet; what was found until now is returned.
    pub(crate) fn start_anew(&mut self) -> Vec<Violation> {
        std::mem::take(&mut self.list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= self.most
    }

    /// Adds a violation; `base` is the parameter's name, or empty for a body.
    pub(crate) fn add(
        &mut self,
        location: &'static str,
        base: &str,
        pointer: &str,
        keyword: &'static str,
        message: Cow<'static, str>,
    ) {
        if self.is_full() {
            return;
        }
        let pointer = shorten(format!("{base}{pointer}"), MAX_POINTER);
        self.list.push(Violation { location, pointer, keyword, message: message.into(), value: None });
    }

    /// The value of what was added last; lists and objects are not shown.
    pub(crate) fn show(&mut self, value: Option<&Value<'_>>) {
        let Some(last) = self.list.last_mut().filter(|_| self.shows_values) else { return };
        last.value = match value {
            None | Some(Value::Array(_) | Value::Object(_)) => None,
            Some(Value::Number(text)) if text.len() > MAX_VALUE => None,
            Some(Value::String(text)) if text.len() > MAX_VALUE => {
                Some(Value::String(shorten(text.as_ref().to_owned(), MAX_VALUE).into()).to_string())
            }
            Some(single) => Some(single.to_string()),
        };
    }

    pub(crate) fn add_fault(&mut self, location: &'static str, base: &str, fault: Fault) {
        self.add(location, base, &fault.pointer, fault.keyword, fault.message);
    }

    pub(crate) fn into_list(self) -> Vec<Violation> {
        self.list
    }
}

/// The text, cut at a character's end when it is too long to be shown.
fn shorten(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
