//! The operators' address, checked.

use std::collections::HashMap;
use std::net::SocketAddr;

use portcullis_openapi::{Documents, Node, Report};

use super::Reader;
use super::file::AdminFile;
use crate::codes;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn admin(&self, file: &AdminFile, report: &mut Report) -> Option<SocketAddr> {
        let address = parse(&file.address);
        if address.is_none() {
            let message = format!(
                "'{}' is no address of the machine itself such as 127.0.0.1:9902 or [::1]:9902",
                file.address
            );
            report.push(problem(codes::LISTENER_INVALID, message, self.place(&["admin", "address"])));
        }
        address
    }
}

/// Where a gateway's operators ask, by its gateway file; `None`: nowhere. Nothing else in the file is looked at.
///
/// # Errors
///
/// Why the file cannot be read.
pub fn admin_address(name: &str, text: &str) -> Result<Option<SocketAddr>, String> {
    let mut report = Report::default();
    let files = HashMap::from([(name.to_owned(), text.as_bytes().to_vec())]);
    let documents = Documents::load(&files, name, &mut report);
    let Some(root) = documents.root() else {
        let message = report.diagnostics().first().map_or("", |problem| problem.message.as_str());
        return Err(format!("{name}: {message}"));
    };
    let address = root.get("admin").and_then(|admin| admin.get("address")).and_then(Node::as_str);
    address
        .map(|text| parse(text).ok_or_else(|| format!("{name}: '{text}' is no address of this machine")))
        .transpose()
}

fn parse(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    (address.ip().is_loopback() && address.port() != 0).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_ask_on_the_machine_itself() {
        let cases = [
            ("127.0.0.1:9902", true),
            ("[::1]:9902", true),
            ("127.8.9.1:80", true),
            ("0.0.0.0:9902", false),
            ("192.0.2.1:9902", false),
            ("[::]:9902", false),
            ("127.0.0.1:0", false),
            ("localhost:9902", false),
        ];
        for (text, fits) in cases {
            assert_eq!(parse(text).is_some(), fits, "{text}");
        }
    }

    #[test]
    fn the_address_is_found_in_the_gateway_file() {
        let read = |text: &str| admin_address("gateway.yaml", text);
        assert_eq!(read("apis: []\n"), Ok(None));
        assert_eq!(read("admin: { address: '127.0.0.1:9902' }\n"), Ok("127.0.0.1:9902".parse().ok()));
        assert!(read("admin: { address: '0.0.0.0:9902' }\n").is_err());
        assert!(read("admin: [\n").is_err_and(|cause| cause.starts_with("gateway.yaml: ")));
    }
}
