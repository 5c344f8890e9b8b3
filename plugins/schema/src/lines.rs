//! JSON texts on lines of their own (newline-delimited JSON): a list of values, or values each by itself.

use crate::fault::{Fault, Violations};
use crate::json;
use crate::schema::{Schema, Unjudged};
use crate::value::Value;

/// Most lines of one body that are not empty.
const MAX_LINES: usize = 100_000;

/// All values as a list.
pub(crate) fn read(bytes: &[u8]) -> Result<Value<'_>, Fault> {
    let values: Vec<Value<'_>> = lines(bytes).map(|(at, line)| value(at, line)).collect::<Result<_, _>>()?;
    if values.len() > MAX_LINES { Err(too_many()) } else { Ok(Value::Array(values)) }
}

/// Holds each value against a schema; the pointer begins with the number of the value, from 0.
pub(crate) fn check(bytes: &[u8], schema: &Schema, violations: &mut Violations) -> Result<(), Unjudged> {
    for (at, line) in lines(bytes) {
        if violations.is_full() {
            return Ok(());
        }
        if at == MAX_LINES {
            violations.add_fault("body", "", too_many());
            return Ok(());
        }
        if schema.accepts_text(line, &violations.work)? {
            continue;
        }
        match value(at, line) {
            Err(fault) => {
                violations.add_fault("body", "", fault);
                return Ok(());
            }
            Ok(value) if !schema.accepts(&value, &violations.work)? => {
                schema.explain(&value, "body", &format!("/{at}"), violations)?;
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    // One more than may be, so that too many are noticed.
    lines.filter(|line| !line.is_empty()).take(MAX_LINES + 1).enumerate()
}

fn value(at: usize, line: &[u8]) -> Result<Value<'_>, Fault> {
    json::read(line, json::Limits::MESSAGE).map_err(|fault| fault.within(&at.to_string()))
}

fn too_many() -> Fault {
    Fault::new("size", format!("has more than {MAX_LINES} lines"))
}
