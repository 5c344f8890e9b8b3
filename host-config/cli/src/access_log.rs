//! Envoy's access log, one JSON object a line, in a form that people read at a glance.

use serde_json::Value;

/// One line for people; `None` when the line is no log entry.
pub(crate) fn readable(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| match entry.get(key) {
        Some(Value::String(text)) if text != "-" => Some(printable(text)),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let time = text("time")?;
    // 2026-11-22T04:05:06.789Z: the time of day is enough beside a running program.
    let time = time.get(11..23).unwrap_or(&time).to_owned();
    let mut line = format!(
        "{time}  {}  {:<6} {}",
        text("status").unwrap_or_else(|| "---".to_owned()),
        text("method").unwrap_or_default(),
        text("path").unwrap_or_default(),
    );
    if let Some(duration) = text("duration_ms") {
        line.push_str(&format!("  {duration} ms"));
    }
    if let Some(consumer) = text("identity").and_then(consumer) {
        line.push_str(&format!("  by {consumer}"));
    }
    let details =
        text("details").filter(|details| details != "via_upstream" && details != "portcullis.reply");
    if let Some(details) = details {
        line.push_str(&format!("  ({})", details.strip_prefix("portcullis.").unwrap_or(&details)));
    }
    Some(line)
}

fn consumer(identity: String) -> Option<String> {
    let rest = identity.strip_prefix("consumer=")?;
    rest.split('&').next().map(str::to_owned)
}

/// A client chooses paths: they must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { '?' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_becomes_one_line() {
        let entry = r#"{"time":"2026-11-22T04:05:06.789Z","method":"GET","path":"/pets","status":401,
            "details":"portcullis.credential-missing","identity":"-","duration_ms":1}"#;
        assert_eq!(readable(entry).unwrap(), "04:05:06.789  401  GET    /pets  1 ms  (credential-missing)");
    }

    #[test]
    fn what_is_no_entry_is_left_alone() {
        assert_eq!(readable("[info] hello"), None);
        assert_eq!(readable("{}"), None);
    }
}
