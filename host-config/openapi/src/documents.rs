//! All files that a definition is made of, read and parsed once: the first, and what its `$ref`s name.
//! Knows how to follow a reference, not what it means.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::codes;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::pointer;
use crate::reference::{Reference, Unresolved};
use crate::resource::{self, Resource};
use crate::source::{FileId, Loader, Place, Position, Source, saturating};
use crate::swagger;
use crate::tree::{self, Node, Value};
use crate::uri;

/// How many bytes all files of a definition may have together.
pub const MAX_BYTES: usize = 256 << 20;
/// How many files one definition may be made of.
pub const MAX_FILES: usize = 1024;
/// The document that was asked for.
const FIRST: FileId = FileId(0);
/// How many `$ref`s may follow one another.
const MAX_HOPS: usize = 64;

/// The files of a definition.
#[derive(Debug)]
pub struct Documents {
    files: Vec<File>,
    /// The first document as OpenAPI 3.0, when it is Swagger 2.0. Places, and what references lead to, are the
    /// document's own.
    converted: Option<Node>,
    by_name: HashMap<String, FileId>,
    /// Schemas with an `$id`, by their URI; none where several have the same.
    by_uri: HashMap<String, Option<ResourceId>>,
    /// Names that a `$dynamicRef` has.
    dynamic_names: BTreeSet<Box<str>>,
}

/// A schema resource of the documents (JSON Schema 2020-12, section 4.3.5): a file, or a schema with an `$id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    file: FileId,
    at: usize,
}

#[derive(Debug)]
struct File {
    source: Source,
    tree: Result<Tree, String>,
}

#[derive(Debug)]
struct Tree {
    root: Node,
    /// The file itself, then the schemas in it that have an `$id`.
    resources: Vec<Resource>,
}

impl Documents {
    /// Reads the document named `entry` and every file that it and the others refer to. A file that cannot be read
    /// is a problem only where something refers to it; one that is no JSON or YAML is reported here.
    #[must_use]
    pub fn load(loader: &dyn Loader, entry: &str, report: &mut Report) -> Self {
        let mut documents = Self {
            files: Vec::new(),
            converted: None,
            by_name: HashMap::new(),
            by_uri: HashMap::new(),
            dynamic_names: BTreeSet::new(),
        };
        let mut with_ids = false;
        let mut wanted = vec![entry.to_owned()];
        let mut room = MAX_BYTES;
        while let Some(name) = wanted.pop() {
            if documents.by_name.contains_key(&name) || documents.files.len() >= MAX_FILES {
                continue;
            }
            let id = FileId(saturating(documents.files.len()));
            let mut file = File::load(loader, id, &name, room, report);
            room = room.saturating_sub(file.source.text.len());
            if let Ok(tree) = &mut file.tree {
                with_ids |= id == FIRST && has_ids(&tree.root);
                tree.resources = resource::resources(&tree.root, &name, &file.source.text, with_ids);
                documents.identify(id, &tree.resources);
                tree.collect_files(&mut wanted, &mut documents.dynamic_names);
            }
            documents.by_name.insert(name, id);
            documents.files.push(file);
        }
        documents.convert(report);
        documents
    }

    /// The document that was asked for, if it could be read; as OpenAPI 3.0 if it is Swagger 2.0.
    #[must_use]
    pub fn root(&self) -> Option<&Node> {
        self.converted.as_ref().or_else(|| self.files.first().and_then(File::root))
    }

    fn convert(&mut self, report: &mut Report) {
        let root = self.files.first().and_then(File::root).filter(|root| swagger::is_swagger(root));
        let Some((converted, problems)) = root.map(|root| swagger::convert(self, root)) else { return };
        for swagger::Problem { severity, code, place, message } in problems {
            let (pointer, hint) = (self.pointer(place), codes::hint(code).map(str::to_owned));
            report.push(Diagnostic { severity, code, message, place: Some(place), pointer, hint });
        }
        self.converted = Some(converted);
    }

    /// The names and texts of all files, the document that was asked for first.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &str, &str)> {
        let numbered = self.files.iter().enumerate();
        numbered.map(|(at, file)| (FileId(saturating(at)), &*file.source.name, &*file.source.text))
    }

    /// The file's name, as it was asked for from the loader.
    #[must_use]
    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.source.name)
    }

    /// The file's text, without a byte order mark; what places count in.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.source.text)
    }

    /// Where a place starts, as line and column.
    #[must_use]
    pub fn position(&self, place: Place) -> Position {
        let position = self.file(place.file).map(|file| file.source.position(place.start));
        position.unwrap_or(Position { line: 1, column: 1 })
    }

    /// The JSON pointer of the innermost node that holds a place, within its file.
    #[must_use]
    pub fn pointer(&self, place: Place) -> String {
        let root = self.file(place.file).and_then(File::root);
        root.map_or_else(String::new, |root| pointer::of_place(root, place))
    }

    /// Follows the reference `text` that stands at `from`, and only this one. A `$dynamicRef` is followed as if it were a
    /// `$ref`.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub fn resolve(&self, text: &str, from: Place) -> Result<&Node, Unresolved> {
        let reference = Reference::parse(text)?;
        let (tree, resource) = self.resource_of(&reference, text, from)?;
        let dangling = || match resource.has_id {
            false => Unresolved::Dangling { reference: text.to_owned() },
            true => Unresolved::Within { reference: text.to_owned(), uri: resource.uri.clone() },
        };
        let own = at_steps(&tree.root, &resource.steps).ok_or_else(dangling)?;
        let found = match &*reference.fragment {
            "" => Some(own),
            path if path.starts_with('/') => pointer::at_pointer(own, path),
            name => match resource.anchors.get(name) {
                Some(anchor) if anchor.is_ambiguous => {
                    return Err(Unresolved::Ambiguous { reference: text.to_owned() });
                }
                anchor => anchor.and_then(|anchor| at_steps(&tree.root, &anchor.steps)),
            },
        };
        found.ok_or_else(dangling)
    }

    /// The name that a `$dynamicRef` at `from` has looked for in the dynamic scope: it leads to a `$dynamicAnchor`
    /// (JSON Schema 2020-12, section 8.2.3.2). Otherwise it is as good as a `$ref`.
    #[must_use]
    pub fn dynamic_name(&self, text: &str, from: Place) -> Option<&str> {
        let reference = Reference::parse(text).ok()?;
        let (_, resource) = self.resource_of(&reference, text, from).ok()?;
        let (name, anchor) = resource.anchors.get_key_value(&*reference.fragment)?;
        anchor.is_dynamic.then_some(name)
    }

    /// The innermost resource that holds a place.
    #[must_use]
    pub fn resource(&self, place: Place) -> ResourceId {
        let tree = self.file(place.file).and_then(|file| file.tree.as_ref().ok());
        ResourceId { file: place.file, at: tree.map_or(0, |tree| resource::holding(&tree.resources, place)) }
    }

    /// The schemas with a `$dynamicAnchor` in a resource, by name, as far as a `$dynamicRef` has the name.
    pub fn dynamic_anchors(&self, id: ResourceId) -> impl Iterator<Item = (&str, &Node)> {
        let tree = self.file(id.file).and_then(|file| file.tree.as_ref().ok());
        let known = tree.and_then(|tree| Some((tree, &tree.resources.get(id.at)?.anchors)));
        known.into_iter().flat_map(|(tree, anchors)| {
            anchors.iter().filter_map(|(name, anchor)| {
                let is_meant = anchor.is_dynamic && self.dynamic_names.contains(name);
                at_steps(&tree.root, &anchor.steps).filter(|_| is_meant).map(|node| (&**name, node))
            })
        })
    }

    /// Every schema that a `$dynamicRef` to this name can lead to, or the error when several of one resource have it.
    pub(crate) fn candidates(&self, name: &str) -> Result<Vec<&Node>, Unresolved> {
        let mut found = Vec::new();
        for tree in self.files.iter().filter_map(|file| file.tree.as_ref().ok()) {
            for anchor in tree.resources.iter().filter_map(|resource| resource.anchors.get(name)) {
                if anchor.is_dynamic && anchor.is_ambiguous {
                    return Err(Unresolved::Ambiguous { reference: format!("#{name}") });
                }
                found.extend(at_steps(&tree.root, &anchor.steps).filter(|_| anchor.is_dynamic));
            }
        }
        Ok(found)
    }

    /// Whether any `$dynamicRef` stands in the documents.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        !self.dynamic_names.is_empty()
    }

    fn identify(&mut self, file: FileId, resources: &[Resource]) {
        for (at, resource) in resources.iter().enumerate().filter(|(_, resource)| resource.has_id) {
            let entry = self.by_uri.entry(resource.uri.clone());
            let id = ResourceId { file, at };
            entry.and_modify(|known| *known = None).or_insert(Some(id));
        }
    }

    /// Follows the node's own `$ref`, and those that follow, to a node without one.
    ///
    /// # Errors
    /// When a reference leads nowhere or in a circle.
    pub fn follow<'d>(&'d self, node: &'d Node) -> Result<&'d Node, Unresolved> {
        let mut current = node;
        for _ in 0..MAX_HOPS {
            let Some(reference) = current.reference() else { return Ok(current) };
            current = self.resolve(reference, current.place())?;
        }
        Err(Unresolved::Cycle { reference: node.reference().unwrap_or_default().to_owned() })
    }

    /// The resource that a reference names, and the tree it is in: by `$id`, or else by the name of a file.
    fn resource_of(
        &self,
        reference: &Reference<'_>,
        text: &str,
        from: Place,
    ) -> Result<(&Tree, &Resource), Unresolved> {
        let failed =
            |reason: &str| Unresolved::File { reference: text.to_owned(), reason: reason.to_owned() };
        let tree = |id: FileId| {
            let file = self.file(id).ok_or_else(|| failed("the definition is made of too many files"))?;
            file.tree.as_ref().map_err(|reason| failed(reason))
        };
        let of = |id: ResourceId| {
            let tree = tree(id.file)?;
            let resource = tree.resources.get(id.at).ok_or_else(|| failed("it has no root"))?;
            Ok((tree, resource))
        };
        let base = of(self.resource(from))?;
        if reference.uri.is_empty() {
            return Ok(base);
        }
        let uri = uri::resolved(&base.1.uri, reference.uri);
        match self.by_uri.get(&uri) {
            Some(Some(id)) => return of(*id),
            Some(None) => return Err(Unresolved::Ambiguous { reference: text.to_owned() }),
            None => {}
        }
        let name = base.1.path.as_deref().and_then(|path| reference.file(path));
        let name = name.ok_or_else(|| Unresolved::Remote { reference: text.to_owned(), uri })?;
        let file = self.by_name.get(&name).copied();
        of(ResourceId {
            file: file.ok_or_else(|| failed("the definition is made of too many files"))?,
            at: 0,
        })
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)
    }
}

impl Node {
    /// The node's `$ref`, when it has one that is a string.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.get("$ref")?.as_str()
    }
}

impl File {
    fn load(loader: &dyn Loader, id: FileId, name: &str, room: usize, report: &mut Report) -> Self {
        let text = match text_of(loader, name, room) {
            Ok(text) => text,
            Err((code, reason)) => {
                if id == FIRST {
                    report.push(error(code, format!("{name}: {reason}"), None));
                }
                return Self { source: Source::new(name.to_owned(), String::new()), tree: Err(reason) };
            }
        };
        let tree = match tree::parse(id, name, &text) {
            Ok(root) => Ok(Tree { root, resources: Vec::new() }),
            Err(syntax) => {
                report.push(error(syntax.code, syntax.message.clone(), Some(syntax.place)));
                Err(syntax.message)
            }
        };
        Self { source: Source::new(name.to_owned(), text), tree }
    }

    fn root(&self) -> Option<&Node> {
        self.tree.as_ref().ok().map(|tree| &tree.root)
    }
}

/// The file's text without a byte order mark, or the code and the reason why there is none.
fn text_of(loader: &dyn Loader, name: &str, room: usize) -> Result<String, (&'static str, String)> {
    let bytes = loader.load(name).map_err(|error| (codes::FILE_UNREADABLE, error.reason))?;
    if bytes.len() > room {
        return Err((codes::FILE_UNREADABLE, format!("the definition has more than {MAX_BYTES} bytes")));
    }
    let mut text =
        String::from_utf8(bytes).map_err(|_| (codes::NOT_UTF8, "the file is not UTF-8".to_owned()))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

fn error(code: &'static str, message: String, place: Option<Place>) -> Diagnostic {
    let hint = codes::hint(code).map(str::to_owned);
    Diagnostic { severity: Severity::Error, code, message, place, pointer: String::new(), hint }
}

/// Whether schemas have `$id`s: those of OpenAPI 3.0 and Swagger 2.0 have none.
fn has_ids(root: &Node) -> bool {
    let version = root.get("openapi").and_then(|version| version.as_str().or_else(|| version.as_number()));
    version.is_some_and(|version| version == "3.1" || version.starts_with("3.1."))
}

impl Tree {
    /// The files that `$ref`s name, wherever they stand; an example that looks like one costs a failed read. And the
    /// names that `$dynamicRef`s have.
    fn collect_files(&self, wanted: &mut Vec<String>, dynamic_names: &mut BTreeSet<Box<str>>) {
        let mut seen = HashSet::new();
        let mut rest = vec![&self.root];
        while let Some(node) = rest.pop() {
            match node.value() {
                Value::Array(items) => rest.extend(items.iter()),
                Value::Object(object) => {
                    let dynamic = node.get("$dynamicRef").and_then(Node::as_str);
                    let name = dynamic.and_then(|text| text.split_once('#')).map(|(_, name)| name);
                    dynamic_names.extend(name.filter(|name| !name.starts_with('/')).map(Into::into));
                    for text in node.reference().into_iter().chain(dynamic) {
                        let base = resource::holding(&self.resources, node.place());
                        if !text.starts_with('#') && seen.insert((text, base)) {
                            wanted.extend(self.file_of(text, base));
                        }
                    }
                    rest.extend(object.members().iter().map(|member| &member.node));
                }
                _ => {}
            }
        }
    }

    /// The file in which to look for what a reference names. What is published beside a file, as its own `$id` says, is
    /// looked for beside it.
    fn file_of(&self, text: &str, base: usize) -> Option<String> {
        let (file, base) = (self.resources.first()?, self.resources.get(base)?);
        let reference = Reference::parse(text).ok()?;
        if let Some(name) = base.path.as_deref().and_then(|path| reference.file(path)) {
            return Some(name);
        }
        let meant = uri::resolved(&base.uri, reference.uri);
        let beside = meant.strip_prefix(uri::folder(&file.uri)).filter(|_| file.has_id)?;
        Reference::parse(beside).ok()?.file(file.path.as_deref()?)
    }
}

impl Node {
    fn child(&self, at: usize) -> Option<&Node> {
        match self.value() {
            Value::Array(items) => items.get(at),
            Value::Object(object) => object.members().get(at).map(|member| &member.node),
            _ => None,
        }
    }
}

fn at_steps<'d>(root: &'d Node, steps: &[u32]) -> Option<&'d Node> {
    steps.iter().try_fold(root, |node, at| node.child(*at as usize))
}
