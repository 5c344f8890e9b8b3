//! Elements of an XML text, within bounds.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::attributes::{AttrError, Attributes};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, PrefixDeclaration, ResolveResult};

use super::well_formed::{WHITE, has_characters, is_declaration, is_name, is_tag, is_target, is_text};
use crate::fault::Fault;
use crate::media_type::is_as_utf8;

/// How deep elements may nest.
const MAX_DEPTH: usize = 64;
/// Most elements of one text.
const MAX_ELEMENTS: usize = 100_000;
/// Most attributes of one element.
const MAX_ATTRIBUTES: usize = 128;

/// An element: names without prefixes, text of its own joined.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
    /// Whether there was a comment or an instruction within.
    is_interrupted: bool,
}

/// An attribute that declares no namespace.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) value: String,
}

/// The root element, when it is all there is.
pub(super) fn read(text: &str) -> Result<Element, Fault> {
    if !has_characters(text) {
        return Err(malformed());
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let (mut elements, mut events) = (0, 0_usize);
    loop {
        let event = reader.read_event().map_err(|_| malformed())?;
        events += 1;
        match event {
            Event::Start(start) => {
                elements += 1;
                if root.is_some() || open.len() == MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(Fault::new("depth", "has too many or too deeply nested elements"));
                }
                open.push(read_start(&start, reader.resolver())?);
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(malformed)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => root = Some(element),
                }
            }
            Event::Text(text) if is_text(&text) => match open.last_mut() {
                Some(element) => element.add(&text.xml10_content())?,
                // Outside of elements white space is all that may stand.
                None if text.trim_matches(WHITE).is_empty() => {}
                None => return Err(malformed()),
            },
            Event::CData(text) => add_text(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                let character = character_of(&reference).ok_or_else(malformed)?;
                add_text(&mut open, character.encode_utf8(&mut buffer))?;
            }
            Event::Decl(declaration) if events == 1 => check_declaration(&declaration, text)?,
            Event::DocType(_) => return Err(Fault::new("xml", "has a document type")),
            Event::Eof if open.is_empty() => return root.ok_or_else(malformed),
            Event::Comment(_) => interrupt(&mut open),
            Event::PI(instruction) if is_target(instruction.target()) => interrupt(&mut open),
            _ => return Err(malformed()),
        }
    }
}

/// `<?xml version="1.0" encoding="UTF-8"?>`, which stands before all else.
fn check_declaration(declaration: &BytesDecl<'_>, all: &str) -> Result<(), Fault> {
    let text: &str = declaration;
    let given: Result<Vec<_>, AttrError> = Attributes::new(text, "xml".len()).with_checks(false).collect();
    let given = given.map_err(|_| malformed())?;
    let keys: Vec<&str> = given.iter().map(|one| one.key.into_inner()).collect();
    if !is_tag(text) || !is_declaration(&keys) {
        return Err(malformed());
    }
    for one in &given {
        match one.key.into_inner() {
            // Other characters end lines in 1.1.
            "version" if one.value != "1.0" => return Err(Fault::new("xml", "is not declared as XML 1.0")),
            "encoding" if !is_as_utf8(&one.value, all.as_bytes()) => {
                return Err(Fault::new("xml", "is not declared as UTF-8"));
            }
            "standalone" if !matches!(&*one.value, "yes" | "no") => return Err(malformed()),
            _ => {}
        }
    }
    Ok(())
}

fn read_start(start: &BytesStart<'_>, names: &NamespaceResolver) -> Result<Element, Fault> {
    let prefix = start.name().prefix().map(|prefix| prefix.into_inner());
    if !is_tag(start) || !is_name(start.name().into_inner()) || prefix == Some("xmlns") {
        return Err(malformed());
    }
    let (namespace, name) = names.resolve_element(start.name());
    let mut element =
        Element { name: name.into_inner().to_owned(), namespace: uri(namespace)?, ..Element::default() };
    let mut bindings = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| malformed())?;
        if !is_name(attribute.key.into_inner()) {
            return Err(malformed());
        }
        if let Some(binding) = attribute.key.as_namespace_binding() {
            // References are not resolved in what they bind; a prefix cannot be unbound (Namespaces in XML 1.0, section 5).
            let is_unbound = attribute.value.is_empty() && binding != PrefixDeclaration::Default;
            if bindings.contains(&attribute.key) || attribute.value.contains('&') || is_unbound {
                return Err(malformed());
            }
            bindings.push(attribute.key);
            continue;
        }
        let (namespace, name) = names.resolve_attribute(attribute.key);
        let (name, namespace) = (name.into_inner().to_owned(), uri(namespace)?);
        let twice = |known: &Attribute| known.name == name && known.namespace == namespace;
        if element.attributes.len() == MAX_ATTRIBUTES || element.attributes.iter().any(twice) {
            return Err(Fault::new("xml", "has an element with too many or repeated attributes"));
        }
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| malformed())?.into_owned();
        // References may stand for characters that have no place in a text.
        if !has_characters(&value) {
            return Err(malformed());
        }
        element.attributes.push(Attribute { name, namespace, value });
    }
    Ok(element)
}

fn uri(namespace: ResolveResult<'_>) -> Result<Option<String>, Fault> {
    match namespace {
        ResolveResult::Bound(uri) => Ok(Some(uri.0.to_owned())),
        ResolveResult::Unbound => Ok(None),
        ResolveResult::Unknown(_) => Err(Fault::new("xml", "has a prefix without a namespace")),
    }
}

/// Adds what may stand inside of elements only.
fn add_text(open: &mut [Element], text: &str) -> Result<(), Fault> {
    open.last_mut().ok_or_else(malformed)?.add(text)
}

/// Some readers take the text before a comment or an instruction for all there is: none may follow.
fn interrupt(open: &mut [Element]) {
    if let Some(element) = open.last_mut() {
        element.is_interrupted = true;
    }
}

impl Element {
    fn add(&mut self, text: &str) -> Result<(), Fault> {
        if self.is_interrupted && !text.trim_matches(WHITE).is_empty() {
            return Err(Fault::new("xml", "has a comment or an instruction within a text"));
        }
        self.text.push_str(text);
        Ok(())
    }
}

fn character_of(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        let character = reference.resolve_char_ref().ok()??;
        return has_characters(character.encode_utf8(&mut [0; 4])).then_some(character);
    }
    Some(match &**reference {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn malformed() -> Fault {
    Fault::new("syntax", "is not well-formed XML")
}
