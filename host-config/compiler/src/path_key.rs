//! The keys under `paths` as real documents write them. OpenAPI allows a path template and nothing else; many
//! documents of query-style APIs add `?Action=X` or `#X-Target=Y` to tell operations of one path apart. That
//! is enforced as a condition on the query parameter or header of that name. What else stands behind a `#` tells
//! nothing apart, since no request carries a fragment.

use portcullis_config::{ConditionConfig, ConditionPlaceConfig};
use portcullis_core::{InvalidTemplate, PathTemplate, decode_form};
use portcullis_openapi::model::{Location, Operation};

/// A key, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathKey {
    /// The path template.
    pub template: String,
    /// What the template's parameters look like to a request: equal shapes match the same paths.
    pub shape: String,
    /// What else a request must carry.
    pub when: Vec<ConditionConfig>,
}

/// Why a key cannot be matched with requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPathKey {
    /// The template itself.
    #[error("{0}")]
    Template(InvalidTemplate),
    /// A query or fragment that is not percent-encoded text.
    #[error("the query or fragment is not percent-encoded UTF-8")]
    Encoding,
}

impl PathKey {
    /// Takes the key of `operation` apart.
    pub(crate) fn read(operation: &Operation<'_>) -> Result<Self, InvalidPathKey> {
        let (template, rest) = split(operation.path);
        let parsed = PathTemplate::parse(template).map_err(InvalidPathKey::Template)?;
        let slash = if template.ends_with('/') { "/" } else { "" };
        let mut when = match rest {
            Some(('?', query)) => conditions(query, |_| Some(ConditionPlaceConfig::Query))?,
            Some((_, fragment)) => conditions(fragment, |name| place_of(operation, name))?,
            None => Vec::new(),
        };
        when.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self { template: template.to_owned(), shape: format!("{}{slash}", parsed.shape()), when })
    }
}

/// The template, and the first `?` or `#` outside of braces with what follows.
fn split(key: &str) -> (&str, Option<(char, &str)>) {
    let mut inside = false;
    for (at, character) in key.char_indices() {
        match character {
            '{' => inside = true,
            '}' => inside = false,
            '?' | '#' if !inside => {
                let behind = key.get(at + 1..).unwrap_or_default();
                return (key.get(..at).unwrap_or_default(), Some((character, behind)));
            }
            _ => {}
        }
    }
    (key, None)
}

fn conditions(
    text: &str,
    place_of: impl Fn(&str) -> Option<ConditionPlaceConfig>,
) -> Result<Vec<ConditionConfig>, InvalidPathKey> {
    let read =
        |text: &str| decode_form(text).map(|text| text.into_owned()).map_err(|_| InvalidPathKey::Encoding);
    let mut found = Vec::new();
    for pair in portcullis_core::pairs(text) {
        let name = read(pair.name)?;
        let Some(place) = place_of(&name) else { continue };
        let name = if place == ConditionPlaceConfig::Header { name.to_ascii_lowercase() } else { name };
        // A template in the value (`?id={id}`) leaves the value open.
        let value = pair.value.filter(|value| !value.contains('{')).map(read).transpose()?;
        found.push(ConditionConfig { place, name, value });
    }
    Ok(found)
}

fn place_of(operation: &Operation<'_>, name: &str) -> Option<ConditionPlaceConfig> {
    operation.parameters.iter().find_map(|parameter| match parameter.location {
        Location::Query if parameter.name == name => Some(ConditionPlaceConfig::Query),
        Location::Header if parameter.name.eq_ignore_ascii_case(name) => Some(ConditionPlaceConfig::Header),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_ends_at_the_query_or_fragment() {
        let cases = [
            ("/a/{b}", ("/a/{b}", None)),
            ("/a?x=1", ("/a", Some(('?', "x=1")))),
            ("/#T=a.b?c", ("/", Some(('#', "T=a.b?c")))),
            ("/{a?}", ("/{a?}", None)),
        ];
        for (key, expected) in cases {
            assert_eq!(split(key), expected, "{key}");
        }
    }

    #[test]
    fn pairs_become_conditions() {
        let read = |text| conditions(text, |_| Some(ConditionPlaceConfig::Query));
        let condition = |name: &str, value: Option<&str>| ConditionConfig {
            place: ConditionPlaceConfig::Query,
            name: name.into(),
            value: value.map(Into::into),
        };
        assert_eq!(
            read("Action=List%20All&acl&id={id}"),
            Ok(vec![condition("Action", Some("List All")), condition("acl", None), condition("id", None)])
        );
        assert_eq!(read("a=%zz"), Err(InvalidPathKey::Encoding));
        assert_eq!(conditions("overload=stream", |_| None), Ok(vec![]));
    }
}
