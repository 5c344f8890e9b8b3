//! The paths of an index as a tree of segments whose walk is the precedence. A path visits each node at
//! most once, so a lookup is bounded by the tree and by the path's length.

use crate::fnv::FnvMap;
use crate::lookup::PathItem;
use crate::path::CanonicalPath;
use crate::segment::TemplateSegment;
use crate::template::PathTemplate;

/// The base paths of one host, each with the templates below it.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    templates: Option<Node>,
    below: FnvMap<Box<str>, Mounts>,
}

impl Mounts {
    /// The templates of the longest base path that begins `path`, and that base path's length in segments.
    pub(crate) fn longest(&self, path: &CanonicalPath) -> Option<Mount<'_>> {
        let (mut mounts, mut depth, mut longest) = (self, 0, None);
        loop {
            if let Some(templates) = &mounts.templates {
                longest = Some(Mount { templates, base_length: depth });
            }
            let Some(segment) = path.decoded(depth) else { return longest };
            let Some(next) = mounts.below.get(&*segment) else { return longest };
            (mounts, depth) = (next, depth + 1);
        }
    }

    /// The path item of a template below a base path, made when it is new.
    pub(crate) fn item(&mut self, base: &[Box<str>], template: &PathTemplate) -> &mut PathItem {
        let mounts =
            base.iter().fold(self, |mounts, segment| mounts.below.entry(segment.clone()).or_default());
        let node = mounts.templates.get_or_insert_default();
        let node = template.segments.iter().fold(node, Node::descend);
        let item = if template.trailing_slash { &mut node.item_with_slash } else { &mut node.item };
        item.get_or_insert_default()
    }
}

/// One base path's templates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mount<'i> {
    templates: &'i Node,
    base_length: usize,
}

impl<'i> Mount<'i> {
    /// The most specific path item that matches.
    pub(crate) fn find(self, path: &CanonicalPath) -> Option<&'i PathItem> {
        self.templates.find(path, self.base_length)
    }
}

#[derive(Debug, Default)]
struct Node {
    literals: FnvMap<Box<str>, Node>,
    /// Patterns and the parameter, in the order of precedence.
    open: Vec<(TemplateSegment, Node)>,
    item: Option<PathItem>,
    item_with_slash: Option<PathItem>,
}

impl Node {
    fn find(&self, path: &CanonicalPath, depth: usize) -> Option<&PathItem> {
        let Some(segment) = path.decoded(depth) else { return self.item_for(path) };
        if let Some(found) = self.literals.get(&*segment).and_then(|node| node.find(path, depth + 1)) {
            return Some(found);
        }
        let matching = self.open.iter().filter(|(open, _)| open.matches(&segment));
        matching.filter_map(|(_, node)| node.find(path, depth + 1)).next()
    }

    /// A template that ends as the path does comes first; the other stands in where there is none.
    fn item_for(&self, path: &CanonicalPath) -> Option<&PathItem> {
        let (same, other) = match path.has_trailing_slash() {
            true => (&self.item_with_slash, &self.item),
            false => (&self.item, &self.item_with_slash),
        };
        same.as_ref().or(other.as_ref())
    }

    fn descend<'n>(&'n mut self, segment: &TemplateSegment) -> &'n mut Self {
        match segment {
            TemplateSegment::Literal(text) => self.literals.entry(text.clone()).or_default(),
            open => {
                let at = self.open.binary_search_by(|(known, _)| known.precedence(open));
                let at = at.unwrap_or_else(|free| {
                    self.open.insert(free, (open.clone(), Self::default()));
                    free
                });
                #[expect(clippy::indexing_slicing, reason = "found by the search or inserted one line above")]
                &mut self.open[at].1
            }
        }
    }
}
