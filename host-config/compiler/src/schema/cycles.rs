//! Schemas that judge a value by judging that very value again would never end. Found over the whole closure,
//! each definition once.

use std::collections::{BTreeMap, BTreeSet};

/// Which definitions a definition hands its own value on to.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    next: BTreeMap<String, Vec<String>>,
    /// Definitions that are known to end.
    ends: BTreeSet<String>,
}

impl Cycles {
    /// Adds a definition.
    pub(super) fn add(&mut self, name: &str, in_place: Vec<String>) {
        self.next.insert(name.to_owned(), in_place);
    }

    /// Whether the definition comes back to itself, or to one on its way. All that it hands on to must be known.
    pub(super) fn is_endless(&mut self, name: &str) -> bool {
        let mut path: Vec<(&str, usize)> = vec![(name, 0)];
        let mut found: Vec<String> = Vec::new();
        let mut on_path = BTreeSet::from([name]);
        while let Some((current, at)) = path.last_mut() {
            let next = self.next.get(*current).and_then(|names| names.get(*at));
            *at += 1;
            match next {
                Some(next) if on_path.contains(next.as_str()) => return true,
                Some(next) if self.ends.contains(next) || found.contains(next) => {}
                Some(next) => {
                    on_path.insert(next);
                    path.push((next, 0));
                }
                None => {
                    on_path.remove(*current);
                    found.push((*current).to_owned());
                    path.pop();
                }
            }
        }
        self.ends.extend(found);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_schemas_that_come_back_to_themselves_are_endless() {
        let mut cycles = Cycles::default();
        for (name, next) in
            [("a", "b c"), ("b", "c"), ("c", ""), ("d", "d"), ("e", "f"), ("f", "a e"), ("g", "d")]
        {
            cycles.add(name, next.split_whitespace().map(str::to_owned).collect());
        }
        for (name, expected) in
            [("a", false), ("b", false), ("c", false), ("d", true), ("e", true), ("f", true), ("g", true)]
        {
            assert_eq!(cycles.is_endless(name), expected, "{name}");
        }
    }
}
