//! Conditions on a request, and the groups of them that choose another limit. Regular expressions are compiled
//! with the configuration, and take time in proportion to the text.

use std::rc::Rc;

use portcullis_config::throttle::{GroupConfig, MeasureConfig, TestConfig};
use portcullis_core::AddressRange;
use regex_lite::{Regex, RegexBuilder};

use crate::attribute::{Attribute, Subject};
use crate::limit::{InvalidLimit, Limit};

/// Most groups of a limit, and most conditions of a group: all may be looked at with each request.
const MOST_GROUPS: usize = 32;
const MOST_CONDITIONS: usize = 16;
/// Most values that one condition compares with.
const MOST_VALUES: usize = 1_000;
/// Most bytes of an expression's compiled form, which bound the time it takes for each byte of a text.
const LARGEST_EXPRESSION: usize = 64 * 1024;
/// Longest text that is searched, in bytes. In a longer one nothing is found.
const LONGEST_TEXT: usize = 4096;

/// Another limit for the requests that meet all conditions.
#[derive(Debug)]
pub(crate) struct Group {
    when: Vec<Condition>,
    pub(crate) limit: Rc<Limit>,
}

#[derive(Debug)]
struct Condition {
    of: Attribute,
    is: Measure,
    not: bool,
}

#[derive(Debug)]
enum Measure {
    Present,
    OneOf(Vec<String>),
    Matches(Regex),
    Within(Vec<AddressRange>),
}

/// The groups of the limit `name`.
pub(crate) fn groups(name: &str, configs: &[GroupConfig]) -> Result<Vec<Group>, InvalidLimit> {
    if configs.len() > MOST_GROUPS {
        return Err(InvalidLimit::TooManyGroups);
    }
    let mut groups: Vec<Group> = Vec::with_capacity(configs.len());
    for GroupConfig { name: group, when, limit } in configs {
        let invalid = |cause: &'static str| InvalidLimit::Group { name: group.clone(), cause };
        if group.is_empty() || when.is_empty() || when.len() > MOST_CONDITIONS {
            return Err(invalid("it has a name, and 1 to 16 conditions"));
        }
        if !limit.groups.is_empty() {
            return Err(invalid("a group has no groups"));
        }
        let full = format!("{name}/{group}");
        if groups.iter().any(|known| known.limit.name == full) {
            return Err(invalid("two groups have this name"));
        }
        let when = when.iter().map(|test| Condition::new(test).map_err(invalid));
        let when = when.collect::<Result<_, _>>()?;
        groups.push(Group { when, limit: Rc::new(Limit::new(full, limit)?) });
    }
    Ok(groups)
}

impl Group {
    /// Whether all conditions hold.
    pub(crate) fn holds(&self, subject: &Subject<'_>) -> bool {
        self.when.iter().all(|condition| condition.holds(subject))
    }

    /// Whether authentication has to come first.
    pub(crate) fn is_of_caller(&self) -> bool {
        self.when.iter().any(|condition| condition.of.is_of_caller())
    }

    /// Whether the request's head is needed.
    pub(crate) fn reads_head(&self) -> bool {
        self.when.iter().any(|condition| condition.of.is_of_head()) || self.limit.reads_head()
    }
}

impl Condition {
    fn new(config: &TestConfig) -> Result<Self, &'static str> {
        let of = Attribute::new(&config.of).ok_or("a condition looks at what has a name")?;
        let is = match &config.is {
            MeasureConfig::Present => Measure::Present,
            MeasureConfig::OneOf(values) if values.is_empty() || values.len() > MOST_VALUES => {
                return Err("a condition compares with 1 to 1000 values");
            }
            MeasureConfig::OneOf(values) => Measure::OneOf(values.clone()),
            MeasureConfig::Matches(text) => {
                let expression = RegexBuilder::new(text).size_limit(LARGEST_EXPRESSION).build();
                Measure::Matches(expression.map_err(|_| "its expression is none, or too large")?)
            }
            MeasureConfig::Within(ranges) => {
                if ranges.is_empty() || ranges.len() > MOST_VALUES || !of.is_address() {
                    return Err("1 to 1000 ranges are those of an address");
                }
                let ranges = ranges.iter().map(|text| AddressRange::parse(text)).collect::<Option<_>>();
                Measure::Within(ranges.ok_or("a range of addresses is none")?)
            }
        };
        Ok(Self { of, is, not: config.not })
    }

    fn holds(&self, subject: &Subject<'_>) -> bool {
        let found = match &self.is {
            Measure::Present => self.of.any(subject, |_| true),
            Measure::OneOf(values) => {
                self.of.any(subject, |found| values.iter().any(|value| value.as_bytes() == found))
            }
            Measure::Matches(expression) => self.of.any(subject, |found| {
                let text = std::str::from_utf8(found).ok().filter(|text| text.len() <= LONGEST_TEXT);
                text.is_some_and(|text| expression.is_match(text))
            }),
            Measure::Within(ranges) => {
                let address = self.of.address(subject);
                address.is_some_and(|address| ranges.iter().any(|range| range.contains(address)))
            }
        };
        found != self.not
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
