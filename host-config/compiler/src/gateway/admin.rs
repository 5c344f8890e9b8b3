//! The operators' address, checked.

use std::net::SocketAddr;

use portcullis_openapi::{Node, Report};

use super::file::{AdminFile, ListenerFile};
use super::{Reader, lone_file};
use crate::DEFAULT_LISTENER;
use crate::codes;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn admin(
        &self,
        file: &AdminFile,
        listeners: &[ListenerFile],
        report: &mut Report,
    ) -> Option<SocketAddr> {
        let address = parse(&file.address);
        let own = listeners.iter().map(|listener| listener.address.as_str());
        let own = own.chain(listeners.is_empty().then_some(DEFAULT_LISTENER));
        if let Some(address) = address
            && own.filter_map(|text| text.parse().ok()).any(|listener| meet(listener, address))
        {
            let message =
                format!("clients are served at '{}': operators need a port of their own", file.address);
            report.push(problem(codes::LISTENER_INVALID, message, self.place(&["admin", "address"])));
        }
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
    let documents = lone_file(name, text)?;
    let admin = documents.root().and_then(|root| root.get("admin"));
    let address = admin.and_then(|admin| admin.get("address")).and_then(Node::as_str);
    address
        .map(|text| parse(text).ok_or_else(|| format!("{name}: '{text}' is no address of this machine")))
        .transpose()
}

/// Whether who connects to `address` may be connected to the listener.
fn meet(listener: SocketAddr, address: SocketAddr) -> bool {
    listener.port() == address.port() && (listener.ip() == address.ip() || listener.ip().is_unspecified())
}

fn parse(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    (address.ip().is_loopback() && address.port() != 0).then_some(address)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

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
    fn operators_and_clients_do_not_meet() {
        let cases = [
            ("", "127.0.0.1:8080", true),
            ("", "127.0.0.1:9902", false),
            ("listeners: [{ address: '0.0.0.0:9902' }]", "127.0.0.1:9902", true),
            ("listeners: [{ address: '127.0.0.1:9902' }]", "127.0.0.1:9902", true),
            ("listeners: [{ address: '127.0.0.2:9902' }]", "127.0.0.1:9902", false),
            ("listeners: [{ address: '127.0.0.1:8080' }]", "127.0.0.1:9902", false),
        ];
        for (listeners, address, refused) in cases {
            let gateway = format!(
                "{listeners}\nadmin: {{ address: '{address}' }}\napis: [{{ definition: a.yaml, endpoint: mock }}]\n"
            );
            let api = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths: {}\n";
            let files = [("gateway.yaml", gateway.as_str()), ("a.yaml", api)];
            let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
            let compilation =
                crate::compile(&HashMap::from(files), "gateway.yaml", crate::Options::default());
            let part = compilation.parts.first().expect("the gateway file");
            let told = part.diagnostics.iter().any(|one| one.message.contains("a port of their own"));
            assert_eq!(told, refused, "{listeners} {address}: {:?}", part.diagnostics);
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
