//! How the client is found behind proxies, checked.

use portcullis_config::{ClientAddressConfig, ForwardingHeaderConfig};
use portcullis_openapi::Report;

use super::Reader;
use super::file::{ClientAddressFile, ForwardingHeaderFile};
use crate::codes;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn client_address(
        &self,
        file: &ClientAddressFile,
        report: &mut Report,
    ) -> ClientAddressConfig {
        let header = match file.header {
            ForwardingHeaderFile::XForwardedFor => ForwardingHeaderConfig::XForwardedFor,
            ForwardingHeaderFile::Forwarded => ForwardingHeaderConfig::Forwarded,
        };
        // Envoy has appended its own peer before any plugin sees the header, so that the upstream learns of it.
        let host_appends = header == ForwardingHeaderConfig::XForwardedFor;
        let config =
            ClientAddressConfig { hops: file.hops, proxies: file.proxies.clone(), header, host_appends };
        if let Err(cause) = config.compile() {
            report.push(problem(codes::SETTING_INVALID, cause.to_string(), self.place(&["clientAddress"])));
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::{Options, compile};

    #[test]
    fn trusting_nobody_or_in_two_ways_is_refused_where_it_stands() {
        let cases = [
            ("{}", "by their number or by their addresses"),
            ("{ hops: 1, proxies: [10.0.0.0/8] }", "by their number or by their addresses"),
            ("{ proxies: [10.0.0.1/8] }", "'10.0.0.1/8' is no range"),
            ("{ hops: 65 }", "at most 64"),
            ("{ hops: 0 }", "nonzero"),
            ("{ hops: 1, header: X-Real-IP }", "unknown variant"),
        ];
        for (setting, cause) in cases {
            let gateway = format!("apis: [{{ definition: a.yaml }}]\nclientAddress: {setting}\n");
            let api = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths: {}\n";
            let files = [("gateway.yaml", gateway), ("a.yaml", api.to_owned())];
            let files: HashMap<String, Vec<u8>> =
                files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
            let compilation = compile(&files, "gateway.yaml", Options::default());
            let part = compilation.parts.first().expect("the gateway file");
            let told: Vec<_> = part.diagnostics.iter().map(|one| one.message.as_str()).collect();
            assert!(told.iter().any(|message| message.contains(cause)), "{setting}: {told:?}");
            let place = part.diagnostics.first().and_then(|one| one.place).expect("a place");
            assert_eq!(part.documents.position(place).line, 2, "{setting}");
            assert!(compilation.compiled.is_none(), "{setting}");
        }
    }
}
