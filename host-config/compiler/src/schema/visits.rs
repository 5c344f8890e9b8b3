//! How much work a schema can make, before any message is seen: how often, at most, subschemas are visited for one
//! value. Each schema that contains itself is visited once for a value, since its verdict is kept.

use std::collections::{HashMap, HashSet};

/// What is known of the definitions.
#[derive(Debug, Default)]
pub(super) struct Visits {
    definitions: HashMap<String, Definition>,
    known: HashMap<String, u64>,
}

#[derive(Debug)]
struct Definition {
    /// Its own subschemas, counted by the braces of its text: too many rather than too few.
    own: u64,
    /// What it refers to, as often as it does.
    references: Vec<String>,
}

impl Visits {
    /// Adds a definition.
    pub(super) fn add(&mut self, name: &str, text: &str, references: &[String]) {
        let definition = Definition { own: subschemas(text), references: references.to_vec() };
        self.definitions.insert(name.to_owned(), definition);
    }

    /// Most visits for one value of a schema that is no definition itself.
    pub(super) fn of(&mut self, text: &str, references: &[String]) -> u64 {
        let mut circular = HashSet::new();
        let mut sum = subschemas(text);
        for name in references {
            sum = sum.saturating_add(self.reached(name, &mut Vec::new(), &mut circular));
        }
        // What leads back to itself is left out above, wherever it stands: here it counts once.
        circular.iter().fold(sum, |sum, name| sum.saturating_add(self.own_of(name)))
    }

    fn own_of(&self, name: &str) -> u64 {
        self.definitions.get(name).map_or(0, |definition| definition.own)
    }

    /// Visits from a definition on; those on a circle are noted.
    fn reached(&mut self, name: &str, path: &mut Vec<String>, circular: &mut HashSet<String>) -> u64 {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        if let Some(start) = path.iter().position(|earlier| earlier == name) {
            circular.extend(path.iter().skip(start).cloned());
            return 0;
        }
        if circular.contains(name) {
            return 0;
        }
        let references = self.definitions.get(name).map(|one| one.references.clone()).unwrap_or_default();
        path.push(name.to_owned());
        let before = circular.len();
        let mut sum = self.own_of(name);
        for reference in &references {
            sum = sum.saturating_add(self.reached(reference, path, circular));
        }
        path.pop();
        // What met a circle depends on the way to it.
        if circular.len() == before {
            self.known.insert(name.to_owned(), sum);
        }
        sum
    }
}

fn subschemas(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'{').count().max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(definitions: &[(&str, &[&str])]) -> Visits {
        let mut visits = Visits::default();
        for (name, references) in definitions {
            let references: Vec<String> = references.iter().map(|name| (*name).to_owned()).collect();
            visits.add(name, "{}", &references);
        }
        visits
    }

    #[test]
    fn alternatives_multiply_and_circles_do_not() {
        type Graph<'g> = &'g [(&'g str, &'g [&'g str])];
        let cases: [(&str, Graph<'_>, u64); 6] = [
            ("alone", &[("a", &[])], 2),
            ("a chain", &[("a", &["b"]), ("b", &["c"]), ("c", &[])], 4),
            ("doubling", &[("a", &["b", "b"]), ("b", &["c", "c"]), ("c", &["d", "d"]), ("d", &[])], 16),
            ("a circle", &[("a", &["a", "a", "a"])], 3),
            ("a circle of two", &[("a", &["b", "b"]), ("b", &["a"])], 5),
            ("nowhere", &[], 1),
        ];
        for (name, definitions, expected) in cases {
            let references = ["a".to_owned()];
            let mut visits = visits(definitions);
            assert_eq!(visits.of("{}", &references), expected, "{name}");
        }
    }

    #[test]
    fn what_doubles_sixty_times_is_no_overflow() {
        let names: Vec<String> = (0..80).map(|at| format!("s{at}")).collect();
        let mut visits = Visits::default();
        for pair in names.windows(2) {
            visits.add(&pair[0], "{}", &[pair[1].clone(), pair[1].clone()]);
        }
        assert_eq!(visits.of("{}", &["s0".to_owned()]), u64::MAX);
    }
}
