//! JSON pointers (RFC 6901), relative ones, and URI templates (RFC 6570).

/// Empty, or steps that each begin with `/`.
pub(super) fn is_pointer(text: &str) -> bool {
    text.is_empty() || (text.starts_with('/') && has_whole_escapes(text))
}

/// How many steps up, and a pointer or `#` from there.
pub(super) fn is_relative_pointer(text: &str) -> bool {
    let rest = text.trim_start_matches(|one: char| one.is_ascii_digit());
    let Some(up) = text.strip_suffix(rest).filter(|up| !up.is_empty()) else { return false };
    (up == "0" || !up.starts_with('0')) && (rest == "#" || is_pointer(rest))
}

/// `~` is followed by `0` or `1`.
fn has_whole_escapes(text: &str) -> bool {
    text.split('~').skip(1).all(|after| after.starts_with(['0', '1']))
}

/// Literals and expressions in braces.
pub(super) fn is_template(text: &str) -> bool {
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('{') {
        let Some((expression, after)) = after.split_once('}') else { return false };
        if !is_literal(literal) || !is_expression(expression) {
            return false;
        }
        rest = after;
    }
    is_literal(rest)
}

fn is_literal(text: &str) -> bool {
    has_whole_percents(text)
        && !text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || b"\"<>\\^`{|}".contains(&byte))
}

/// An operator, if any, and variables between commas.
fn is_expression(text: &str) -> bool {
    let text = text.strip_prefix(|one| "+#./;?&=,!@|".contains(one)).unwrap_or(text);
    text.split(',').all(is_variable)
}

/// A name, and `*` or `:` with a number below 10,000.
fn is_variable(text: &str) -> bool {
    let name = match text.split_once(':') {
        Some((name, length)) => {
            let is_length = (1..=4).contains(&length.len())
                && !length.starts_with('0')
                && length.bytes().all(|byte| byte.is_ascii_digit());
            if !is_length {
                return false;
            }
            name
        }
        None => text.strip_suffix('*').unwrap_or(text),
    };
    has_whole_percents(name)
        && name.split('.').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_%".contains(&byte))
        })
}

/// `%` is followed by two hexadecimal digits.
fn has_whole_percents(text: &str) -> bool {
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    text.split('%').skip(1).all(|after| after.as_bytes().get(..2).is_some_and(is_hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn pointers_and_templates_follow_their_grammar() {
        let pointers = [("", true), ("/a~0b/~1", true), ("/~2", false), ("/~", false), ("a", false)];
        for (text, expected) in pointers {
            assert_eq!(is_pointer(text), expected, "{text}");
        }
        let relative = [
            ("0", true),
            ("10/a", true),
            ("1#", true),
            ("01", false),
            ("#", false),
            ("1a", false),
            ("", false),
        ];
        for (text, expected) in relative {
            assert_eq!(is_relative_pointer(text), expected, "{text}");
        }
        for (text, expected) in [
            ("/a/{b}", true),
            ("{+a,b*,c:12}", true),
            ("{a.b%20c}", true),
            ("{}", false),
            ("{a", false),
            ("a}", false),
            ("{a:0}", false),
            ("{a:10000}", false),
            ("{a..b}", false),
            ("a b", false),
            ("%2", false),
            ("é", true),
        ] {
            assert_eq!(is_template(text), expected, "{text}");
        }
    }
}
