//! The index against a scan over all entries, written from the rule in the module's head alone. Templates and
//! paths come from so small an alphabet that they overlap all the time.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::condition::ConditionPlace;
use crate::headers::Headers;

/// An operation; in `segments` a `*` stands for a parameter.
#[derive(Debug, Clone)]
struct Declared {
    hosts: Vec<String>,
    base: Vec<&'static str>,
    segments: Vec<&'static str>,
    slash: bool,
    method: &'static str,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
struct Asked {
    host: &'static str,
    segments: Vec<&'static str>,
    slash: bool,
    method: &'static str,
    query: &'static str,
    header: bool,
}

#[derive(Debug, PartialEq)]
enum Answer {
    Found(usize),
    NoPath,
    NoMethod,
    NoCondition,
    Ambiguous,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_index_answers_as_a_scan_over_all_templates(
        declared in vec(declared(), 1..14),
        asked in vec(asked(), 4),
    ) {
        let texts: Vec<_> = declared.iter().enumerate().map(|(at, declared)| declared.texts(at)).collect();
        let entries = declared.iter().zip(&texts).map(|(declared, (key, base, template))| Entry {
            key,
            hosts: &declared.hosts,
            base_path: base,
            method: declared.method,
            template,
            conditions: declared.conditions.clone(),
        });
        let index = OperationIndex::build(entries);
        let conflict = (0..declared.len()).any(|right| {
            (0..right).any(|left| declared[left].is_indistinguishable_from(&declared[right]))
        });
        prop_assert_eq!(matches!(index, Err(InvalidIndex::Conflict(..))), conflict);
        let Ok(index) = index else { return Ok(()) };
        for asked in &asked {
            let request = asked.request();
            let answer = match index.find(&request) {
                Lookup::Found(id) => {
                    let captures = index.get(id).and_then(|operation| operation.capture(request.path()));
                    let parameters: usize = declared[id.position()].segments.iter().map(|s| stars(s)).sum();
                    prop_assert_eq!(captures.map(|captures| captures.len()), Some(parameters));
                    Answer::Found(id.position())
                }
                Lookup::NoPath => Answer::NoPath,
                Lookup::NoMethod(_) => Answer::NoMethod,
                Lookup::NoCondition => Answer::NoCondition,
                Lookup::Ambiguous => Answer::Ambiguous,
            };
            prop_assert_eq!(answer, scan(&declared, asked), "{:?}", asked);
        }
    }
}

fn declared() -> impl Strategy<Value = Declared> {
    (
        select(vec![vec![], vec![], vec!["h"], vec!["h", "g"], vec!["g", "g"]]),
        select(vec![vec![], vec![], vec!["a"], vec!["a", "b"]]),
        vec(select(vec!["a", "b", "*", "a*", "*b", "*a*", "a*b", "*ab*", "%2F", "%61"]), 0..3),
        any::<bool>(),
        select(vec!["GET", "GET", "HEAD", "POST"]),
        select(vec!["", "", "", "a", "a=1", "h", "a h", "h a", "a=1 h"]),
    )
        .prop_map(|(hosts, base, segments, slash, method, conditions)| Declared {
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            base,
            slash: slash || segments.is_empty(),
            segments,
            method,
            conditions: conditions.split_whitespace().map(condition).collect(),
        })
}

fn condition(text: &str) -> Condition {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let place = if name == "h" { ConditionPlace::Header } else { ConditionPlace::Query };
    Condition { place, name: name.to_owned(), value: value.map(str::to_owned) }
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        select(vec!["", "h", "g", "z"]),
        vec(select(vec!["a", "b", "ab", "aab", "abab", "%61", "%2F", "c"]), 0..5),
        any::<bool>(),
        select(vec!["GET", "HEAD", "POST", "OPTIONS"]),
        select(vec!["", "?a", "?a=1", "?a=1&a=1", "?%61=%31&b", "?a=2"]),
        any::<bool>(),
    )
        .prop_map(|(host, segments, slash, method, query, header)| Asked {
            slash: slash || segments.is_empty(),
            host,
            segments,
            method,
            query,
            header,
        })
}

impl Declared {
    /// The key, the base path and the template as a configuration writes them.
    fn texts(&self, at: usize) -> (String, String, String) {
        let mut template = String::new();
        for segment in &self.segments {
            template.push('/');
            for character in segment.chars() {
                match character {
                    '*' => template.push_str(&format!("{{p{}}}", template.len())),
                    other => template.push(other),
                }
            }
        }
        if self.slash {
            template.push('/');
        }
        let base = self.base.iter().map(|segment| format!("/{segment}")).collect();
        (at.to_string(), base, template)
    }

    fn decoded(&self) -> Vec<String> {
        self.segments.iter().map(|segment| plain(segment)).collect()
    }

    fn is_indistinguishable_from(&self, other: &Self) -> bool {
        let all = |one: &Self, two: &Self| one.conditions.iter().all(|c| two.conditions.contains(c));
        let same_host = match (self.hosts.as_slice(), other.hosts.as_slice()) {
            ([], []) => true,
            (one, two) => one.iter().any(|host| two.contains(host)),
        };
        same_host
            && (&self.base, self.decoded(), self.slash, self.method)
                == (&other.base, other.decoded(), other.slash, other.method)
            && all(self, other)
            && all(other, self)
    }
}

impl Asked {
    fn request(&self) -> Request {
        let slash = if self.slash { "/" } else { "" };
        let path: String = self.segments.iter().map(|segment| format!("/{segment}")).collect();
        let target = format!("{path}{slash}{}", self.query);
        let mut head = vec![(":method", self.method), (":path", &target)];
        head.extend((!self.host.is_empty()).then_some((":authority", self.host)));
        head.extend(self.header.then_some(("h", "1")));
        Request::new(Headers::from_pairs(head)).unwrap()
    }

    fn carries(&self, condition: &Condition) -> bool {
        match (condition.place, &condition.value) {
            (ConditionPlace::Header, _) => self.header,
            (ConditionPlace::Query, None) => !self.query.is_empty(),
            (ConditionPlace::Query, Some(_)) => matches!(self.query, "?a=1" | "?%61=%31&b"),
        }
    }
}

fn scan(declared: &[Declared], asked: &Asked) -> Answer {
    let path: Vec<String> = asked.segments.iter().map(|segment| plain(segment)).collect();
    let all: Vec<usize> = (0..declared.len()).collect();
    let begins = |at: &usize| {
        let base = &declared[*at].base;
        base.len() <= path.len() && base.iter().zip(&path).all(|(base, segment)| base == segment)
    };
    let named = keep(&all, |at| declared[*at].hosts.iter().any(|host| host == asked.host) && begins(at));
    let unnamed = keep(&all, |at| declared[*at].hosts.is_empty() && begins(at));
    let here = if named.is_empty() { unnamed } else { named };
    let longest = here.iter().map(|at| declared[*at].base.len()).max();
    let here = keep(&here, |at| Some(declared[*at].base.len()) == longest);

    let matching = keep(&here, |at| {
        let (template, path) = (declared[*at].decoded(), &path[declared[*at].base.len()..]);
        template.len() == path.len() && template.iter().zip(path).all(|(shape, text)| fits(shape, text))
    });
    let rank = |at: &usize| declared[*at].decoded().iter().map(|shape| rank(shape)).collect::<Vec<_>>();
    let Some(best) = matching.iter().map(rank).min() else { return Answer::NoPath };
    let best = keep(&matching, |at| rank(at) == best);
    let same_end = keep(&best, |at| declared[*at].slash == asked.slash);
    let best = if same_end.is_empty() { best } else { same_end };

    let mut of_method = keep(&best, |at| declared[*at].method == asked.method);
    if of_method.is_empty() && asked.method == "HEAD" {
        of_method = keep(&best, |at| declared[*at].method == "GET");
    }
    if of_method.is_empty() {
        return Answer::NoMethod;
    }
    let holding = keep(&of_method, |at| declared[*at].conditions.iter().all(|c| asked.carries(c)));
    let Some(most) = holding.iter().map(|at| declared[*at].conditions.len()).max() else {
        return Answer::NoCondition;
    };
    match keep(&holding, |at| declared[*at].conditions.len() == most).as_slice() {
        [one] => Answer::Found(*one),
        _ => Answer::Ambiguous,
    }
}

fn keep(from: &[usize], is_kept: impl Fn(&usize) -> bool) -> Vec<usize> {
    from.iter().copied().filter(|at| is_kept(at)).collect()
}

fn plain(segment: &str) -> String {
    segment.replace("%2F", "/").replace("%61", "a")
}

fn stars(shape: &str) -> usize {
    shape.matches('*').count()
}

/// Smaller comes first: literal, pattern, parameter; then more literal text, fewer parameters, the text.
fn rank(shape: &str) -> (usize, std::cmp::Reverse<usize>, usize, String) {
    let kind = match (shape, stars(shape)) {
        (_, 0) => 0,
        ("*", _) => 2,
        _ => 1,
    };
    (kind, std::cmp::Reverse(shape.len() - stars(shape)), stars(shape), shape.to_owned())
}

/// Tries every length for every parameter.
fn fits(shape: &str, text: &str) -> bool {
    let Some(first) = shape.chars().next() else { return text.is_empty() };
    let rest = &shape[1..];
    match first {
        '*' => (1..=text.len()).any(|taken| fits(rest, &text[taken..])),
        literal => text.strip_prefix(literal).is_some_and(|text| fits(rest, text)),
    }
}
