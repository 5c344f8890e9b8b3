//! What the reader of XML leaves to others: characters, names and the places where things may stand (XML 1.0, 5th edition).

/// White space (production 3); no other character is.
pub(super) const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Whether all characters may stand in a text (production 2).
pub(super) fn has_characters(text: &str) -> bool {
    !text.bytes().any(|byte| byte < b' ' && !b"\t\r\n".contains(&byte))
        && !text.contains(['\u{fffe}', '\u{ffff}'])
}

/// Whether a qualified name is one: one colon at most, each part a name (productions 4 to 5, Namespaces in XML 1.0).
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut rest = part.chars();
        rest.next().is_some_and(is_name_start) && rest.all(|next| is_name_start(next) || is_name_rest(next))
    };
    let mut parts = name.splitn(2, ':');
    parts.all(is_part)
}

fn is_name_start(character: char) -> bool {
    matches!(character, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn is_name_rest(character: char) -> bool {
    matches!(character, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Whether what stands between `<` and `>` has no `<`, and white space before each attribute (productions 10 and 40).
pub(super) fn is_tag(tag: &str) -> bool {
    let mut rest = tag;
    while let Some((_, behind)) = rest.split_once(['"', '\'']) {
        let quote = rest.as_bytes().get(rest.len() - behind.len() - 1).map_or('"', |byte| char::from(*byte));
        let Some((_, behind)) = behind.split_once(quote) else { return false };
        if !behind.is_empty() && !behind.starts_with(WHITE) {
            return false;
        }
        rest = behind;
    }
    !tag.contains('<')
}

/// Whether a text between tags is one: it has no end of a CDATA section (production 14).
pub(super) fn is_text(text: &str) -> bool {
    !text.contains("]]>")
}

/// Whether a processing instruction may have this target (production 17).
pub(super) fn is_target(target: &str) -> bool {
    is_name(target) && !target.contains(':') && !target.eq_ignore_ascii_case("xml")
}

/// Whether the keys of an XML declaration are those it may have, in their order (production 23).
pub(super) fn is_declaration(mut keys: &[&str]) -> bool {
    for (key, is_needed) in [("version", true), ("encoding", false), ("standalone", false)] {
        match keys.split_first() {
            Some((first, rest)) if *first == key => keys = rest,
            _ if is_needed => return false,
            _ => {}
        }
    }
    keys.is_empty()
}
