//! Elements of an XML text, within bounds.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};

use crate::fault::Fault;

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
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(|_| malformed())? {
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
            Event::Text(text) => add_text(&mut open, &text.xml10_content())?,
            Event::CData(text) => add_text(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                let character = character_of(&reference).ok_or_else(malformed)?;
                add_text(&mut open, character.encode_utf8(&mut buffer))?;
            }
            Event::Decl(declaration) => {
                let utf8 = |name: &str| name.eq_ignore_ascii_case("utf-8");
                let encoding = declaration.encoding();
                if encoding.is_some_and(|encoding| !encoding.is_ok_and(|name| utf8(&name))) {
                    return Err(Fault::new("xml", "is not declared as UTF-8"));
                }
            }
            Event::DocType(_) => return Err(Fault::new("xml", "has a document type")),
            Event::Eof if open.is_empty() => return root.ok_or_else(malformed),
            Event::Eof | Event::Empty(_) => return Err(malformed()),
            Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

fn read_start(start: &BytesStart<'_>, names: &NamespaceResolver) -> Result<Element, Fault> {
    let (namespace, name) = names.resolve_element(start.name());
    let mut element =
        Element { name: name.into_inner().to_owned(), namespace: uri(namespace)?, ..Element::default() };
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| malformed())?;
        if attribute.key.as_namespace_binding().is_some() {
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

/// Text counts inside elements; outside, only white space may stand.
fn add_text(open: &mut [Element], text: &str) -> Result<(), Fault> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() => {}
        None => return Err(malformed()),
    }
    Ok(())
}

fn character_of(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok()?;
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
