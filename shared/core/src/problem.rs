//! Problem details (RFC 9457) of a rejection.

use crate::decision::Rejection;

/// The body of `application/problem+json`: `title`, `status`, `code`, `detail`, and `errors` when there are violations.
pub fn problem_json(rejection: &Rejection) -> String {
    let mut json = String::with_capacity(256);
    json.push_str("{\"title\":");
    push_string(&mut json, title(rejection.status));
    json.push_str(&format!(",\"status\":{},\"code\":", rejection.status));
    push_string(&mut json, rejection.code);
    json.push_str(",\"detail\":");
    push_string(&mut json, &rejection.detail);
    if !rejection.violations.is_empty() {
        json.push_str(",\"errors\":[");
        for (at, violation) in rejection.violations.iter().enumerate() {
            json.push_str(if at == 0 { "{" } else { ",{" });
            let members = [
                ("location", violation.location),
                ("pointer", &violation.pointer),
                ("keyword", violation.keyword),
                ("message", &violation.message),
            ];
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                push_string(&mut json, name);
                json.push(':');
                push_string(&mut json, value);
            }
            if let Some(value) = &violation.value {
                json.push_str(",\"value\":");
                json.push_str(value);
            }
            json.push('}');
        }
        json.push(']');
    }
    json.push('}');
    json
}

/// The reason phrase (RFC 9110, section 15): the title of a problem without a type of its own.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        status if status < 500 => "Client Error",
        _ => "Server Error",
    }
}

/// A JSON string.
pub(crate) fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", control as u32)),
            other => json.push(other),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Violation;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_rejection_becomes_problem_details() {
        let mut rejection = Rejection::new(400, "request-invalid", "It says \"no\"\n.");
        rejection.violations.push(Violation {
            location: "query",
            pointer: "limit".into(),
            keyword: "maximum",
            message: "is more than 100".into(),
            value: None,
        });
        assert_eq!(
            problem_json(&rejection),
            r#"{"title":"Bad Request","status":400,"code":"request-invalid","detail":"It says \"no\"\u000a.","errors":[{"location":"query","pointer":"limit","keyword":"maximum","message":"is more than 100"}]}"#
        );
        rejection.violations[0].value = Some("101".into());
        assert!(problem_json(&rejection).ends_with(r#""message":"is more than 100","value":101}]}"#));
    }
}
