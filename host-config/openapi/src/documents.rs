//! All files that a definition is made of, read and parsed once: the first, and what its `$ref`s name.
//! Knows how to follow a reference, not what it means.

use std::collections::{HashMap, HashSet};

use crate::codes;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::pointer;
use crate::reference::{Reference, Unresolved};
use crate::source::{FileId, Loader, Place, Position, Source, saturating};
use crate::swagger;
use crate::tree::{self, Node, Value};

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
}

#[derive(Debug)]
struct File {
    source: Source,
    tree: Result<Tree, String>,
}

#[derive(Debug)]
struct Tree {
    root: Node,
    /// Steps from the root to each node with an `$anchor`.
    anchors: HashMap<Box<str>, Vec<u32>>,
}

impl Documents {
    /// Reads the document named `entry` and every file that it and the others refer to. A file that cannot be read
    /// is a problem only where something refers to it; one that is no JSON or YAML is reported here.
    #[must_use]
    pub fn load(loader: &dyn Loader, entry: &str, report: &mut Report) -> Self {
        let mut documents = Self { files: Vec::new(), converted: None, by_name: HashMap::new() };
        let mut wanted = vec![entry.to_owned()];
        let mut room = MAX_BYTES;
        while let Some(name) = wanted.pop() {
            if documents.by_name.contains_key(&name) || documents.files.len() >= MAX_FILES {
                continue;
            }
            let id = FileId(saturating(documents.files.len()));
            let file = File::load(loader, id, &name, room, report);
            room = room.saturating_sub(file.source.text.len());
            if let Ok(tree) = &file.tree {
                collect_files(&tree.root, &name, &mut wanted);
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

    /// Follows the reference `text` that stands in `from`, and only this one.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub fn resolve(&self, text: &str, from: FileId) -> Result<&Node, Unresolved> {
        let reference = Reference::parse(text, self.name(from))?;
        let tree = self.tree(&reference, text, from)?;
        let found = match &*reference.fragment {
            "" => Some(&tree.root),
            path if path.starts_with('/') => pointer::at_pointer(&tree.root, path),
            anchor => tree.anchors.get(anchor).and_then(|steps| at_steps(&tree.root, steps)),
        };
        found.ok_or_else(|| Unresolved::Dangling { reference: text.to_owned() })
    }

    /// Follows the node's own `$ref`, and those that follow, to a node without one.
    ///
    /// # Errors
    /// When a reference leads nowhere or in a circle.
    pub fn follow<'d>(&'d self, node: &'d Node) -> Result<&'d Node, Unresolved> {
        let mut current = node;
        for _ in 0..MAX_HOPS {
            let Some(reference) = current.reference() else { return Ok(current) };
            current = self.resolve(reference, current.place().file)?;
        }
        Err(Unresolved::Cycle { reference: node.reference().unwrap_or_default().to_owned() })
    }

    fn tree(&self, reference: &Reference<'_>, text: &str, from: FileId) -> Result<&Tree, Unresolved> {
        let id = match &reference.file {
            None => Some(from),
            Some(name) => self.by_name.get(name).copied(),
        };
        let failed =
            |reason: &str| Unresolved::File { reference: text.to_owned(), reason: reason.to_owned() };
        let file = id.and_then(|id| self.file(id));
        let file = file.ok_or_else(|| failed("the definition is made of too many files"))?;
        file.tree.as_ref().map_err(|reason| failed(reason))
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
            Ok(root) => Ok(Tree { anchors: anchors(&root, &text), root }),
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

/// The files that a tree's `$ref`s name, wherever they stand; an example that looks like one costs a failed read.
fn collect_files(node: &Node, name: &str, wanted: &mut Vec<String>) {
    let mut seen = HashSet::new();
    let mut rest = vec![node];
    while let Some(node) = rest.pop() {
        match node.value() {
            Value::Array(items) => rest.extend(items.iter()),
            Value::Object(object) => {
                let elsewhere = node.reference().filter(|text| !text.starts_with('#'));
                if let Some(text) = elsewhere.filter(|text| seen.insert(*text)) {
                    wanted.extend(Reference::parse(text, name).ok().and_then(|reference| reference.file));
                }
                rest.extend(object.members().iter().map(|member| &member.node));
            }
            _ => {}
        }
    }
}

/// Every `$anchor` of JSON Schema 2020-12, with the way to its node.
fn anchors(root: &Node, text: &str) -> HashMap<Box<str>, Vec<u32>> {
    let mut anchors = HashMap::new();
    if text.contains("$anchor") {
        collect_anchors(root, false, &mut Vec::new(), &mut anchors);
    }
    anchors
}

/// `by_name` where the members' keys are names and no keywords.
fn collect_anchors(
    node: &Node,
    by_name: bool,
    steps: &mut Vec<u32>,
    anchors: &mut HashMap<Box<str>, Vec<u32>>,
) {
    if let Some(anchor) = node.get("$anchor").and_then(Node::as_str).filter(|_| !by_name) {
        anchors.entry(anchor.into()).or_insert_with(|| steps.clone());
    }
    for at in 0..node.children() {
        let key = node.key(at).filter(|_| !by_name).unwrap_or_default();
        // What stands there is a value, whatever it looks like.
        if matches!(key, "enum" | "const") {
            continue;
        }
        let names =
            ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "schemas"];
        steps.push(saturating(at));
        if let Some(child) = node.child(at) {
            collect_anchors(child, names.contains(&key), steps, anchors);
        }
        steps.pop();
    }
}

impl Node {
    fn children(&self) -> usize {
        match self.value() {
            Value::Array(items) => items.len(),
            Value::Object(object) => object.members().len(),
            _ => 0,
        }
    }

    fn key(&self, at: usize) -> Option<&str> {
        self.as_object()?.members().get(at).map(|member| &*member.key)
    }

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
