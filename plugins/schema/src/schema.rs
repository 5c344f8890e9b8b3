//! Schemas: kept as text, compiled when a request first needs them, then asked.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::rc::Rc;

use portcullis_config::schema::DocumentConfig;
use serde_json::value::RawValue;

use crate::fault::Violations;
use crate::validator::{Detail, Validator};
use crate::value::{Members, Value};
use crate::work::Work;
use crate::{json, references};

/// Why a schema cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchema {
    /// A `$ref` to a definition that is not there.
    #[error("refers to '#/$defs/{name}', which does not exist")]
    DanglingReference {
        /// The definition's name.
        name: String,
    },
    /// Not JSON, or too deep or too large to be a schema.
    #[error("the schema at '{pointer}' {message}")]
    Unreadable {
        /// Where in the schema.
        pointer: String,
        /// What is wrong.
        message: String,
    },
    /// Not a schema of its dialect.
    #[error("at '{pointer}': {message}")]
    Refused {
        /// Where in the schema.
        pointer: String,
        /// What the validator says.
        message: String,
    },
}

/// A schema and the definitions it may refer to.
#[derive(Debug)]
pub(crate) struct Schema {
    document: Rc<DocumentConfig>,
    text: Box<RawValue>,
    compiled: OnceCell<Option<Validator>>,
}

/// Why there is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unjudged {
    /// A schema that does not compile, although the gateway's compiler compiled it.
    Broken,
    /// Judging the message takes more steps than it may.
    TooComplex,
}

impl Schema {
    /// Checks what can be checked without compiling: that every name it refers to exists.
    pub(crate) fn new(document: Rc<DocumentConfig>, text: Box<RawValue>) -> Result<Self, InvalidSchema> {
        check_references(&document, text.get())?;
        Ok(Self { document, text, compiled: OnceCell::new() })
    }

    /// Whether the value satisfies the schema; `work` is what is left for its message.
    pub(crate) fn accepts(&self, value: &Value<'_>, work: &Work) -> Result<bool, Unjudged> {
        let verdict = self.compiled()?.accepts(value, work);
        if work.is_spent() { Err(Unjudged::TooComplex) } else { Ok(verdict) }
    }

    /// Whether one of several readings satisfies the schema.
    pub(crate) fn accepts_any(&self, values: &[Value<'_>], work: &Work) -> Result<bool, Unjudged> {
        for value in values {
            if self.accepts(value, work)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a JSON text satisfies the schema for certain; if not, it must be read and judged.
    pub(crate) fn accepts_text(&self, text: &[u8], work: &Work) -> Result<bool, Unjudged> {
        let compiled = self.compiled()?;
        Ok(std::str::from_utf8(text).is_ok_and(|text| compiled.accepts_text(text, work)))
    }

    /// Adds what is wrong with a value that is not accepted; `base` is the parameter's name, or empty for a body.
    pub(crate) fn explain(
        &self,
        value: &Value<'_>,
        location: &'static str,
        base: &str,
        violations: &mut Violations,
    ) -> Result<(), Unjudged> {
        let compiled = self.compiled()?;
        let detail = compiled.detail(value);
        let (work, before) = (std::mem::take(&mut violations.work), violations.count());
        if detail != Detail::Verdict {
            compiled.explain(value, &work, |pointer, keyword, message| {
                violations.add(location, base, pointer, keyword, message);
                violations.show(value.pointer(pointer));
                if detail == Detail::First || violations.is_full() {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
        }
        violations.work = work;
        // That it is wrong is known, however little was left to say why.
        if violations.count() == before {
            violations.add(location, base, "", "schema", "is not as the schema says".into());
        }
        Ok(())
    }

    fn compiled(&self) -> Result<&Validator, Unjudged> {
        let compiled = self.compiled.get_or_init(|| compile(&self.document, self.text.get()).ok());
        compiled.as_ref().ok_or(Unjudged::Broken)
    }
}

/// Refuses a reference to a definition that does not exist.
pub(crate) fn check_references(document: &DocumentConfig, text: &str) -> Result<(), InvalidSchema> {
    match references::names(text).find(|name| !document.definitions.contains_key(name)) {
        // It may be a value that looks like a reference; only compiling tells.
        Some(name) => {
            compile(document, text).map(drop).map_err(|_| InvalidSchema::DanglingReference { name })
        }
        None => Ok(()),
    }
}

/// Compiles a schema with the definitions it needs.
pub(crate) fn compile(document: &DocumentConfig, text: &str) -> Result<Validator, InvalidSchema> {
    Validator::new(&assemble(document, text)?, document.dialect)
        .map_err(|refused| InvalidSchema::Refused { pointer: refused.pointer, message: refused.message })
}

/// A schema with the definitions it needs, as one JSON value.
pub(crate) fn assemble<'d>(document: &'d DocumentConfig, text: &'d str) -> Result<Value<'d>, InvalidSchema> {
    let root = read(text)?;
    let definitions = needed(document, text);
    let Value::Object(members) = root else { return Ok(root) };
    if definitions.is_empty() {
        return Ok(Value::Object(members));
    }
    let mut named = Members::new();
    for (name, text) in definitions {
        named.insert(name.into(), read(text)?);
    }
    Ok(Value::Object(members.with("$defs", named.into())))
}

/// The definitions that a schema needs, directly and through others.
fn needed<'d>(document: &'d DocumentConfig, text: &str) -> BTreeMap<&'d str, &'d str> {
    let mut found = BTreeMap::new();
    let mut wanted: BTreeSet<String> = references::names(text).collect();
    while let Some(name) = wanted.pop_first() {
        let Some((name, definition)) = document.definitions.get_key_value(&name) else { continue };
        if found.insert(name.as_str(), definition.get()).is_none() {
            wanted.extend(
                references::names(definition.get()).filter(|next| !found.contains_key(next.as_str())),
            );
        }
    }
    found
}

fn read(text: &str) -> Result<Value<'_>, InvalidSchema> {
    json::read(text.as_bytes(), json::Limits::SCHEMA).map_err(|fault| InvalidSchema::Unreadable {
        pointer: fault.pointer,
        message: fault.message.into_owned(),
    })
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
