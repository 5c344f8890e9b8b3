//! The client's certificate, from the connection or from whoever ends TLS in front of the gateway. It is looked for
//! only when a rule or a token needs it, once for each request.

use std::rc::Rc;

use portcullis_config::auth::TerminatorConfig;
use portcullis_core::{AddressRange, Edits, Env, Request};

use crate::cache::Cache;
use crate::certificate::{Certificate, InvalidCertificate, read_passed};
use crate::fingerprint::FingerprintKey;
use crate::identity_headers::strip_own;
use crate::invalid::InvalidAuth;
use crate::scheme::header_name;

/// Half of the certificates remembered per VM.
const HALF_CACHE: usize = 512;
/// Longest texts of a certificate that is remembered, so that the memory of all is bounded.
const MAX_REMEMBERED: usize = 2048;
/// What the texts are by which certificates are remembered.
const FROM_CONNECTION: u64 = 0;
const FROM_HEADER: u64 = 1;

/// Finds clients' certificates.
#[derive(Debug)]
pub(crate) struct Clients {
    terminator: Option<Terminator>,
    /// Certificates that could be read, by their digest or by the header's value.
    read: Cache<Rc<Certificate>>,
    fingerprints: FingerprintKey,
}

/// Who passes certificates on.
#[derive(Debug)]
struct Terminator {
    /// In lower case.
    header: String,
    from: Vec<AddressRange>,
}

impl Clients {
    pub(crate) fn compile(config: Option<TerminatorConfig>) -> Result<Self, InvalidAuth> {
        let terminator = config.map(Terminator::compile).transpose()?;
        Ok(Self { terminator, read: Cache::new(HALF_CACHE), fingerprints: FingerprintKey::default() })
    }

    /// The terminator's header, in lower case.
    pub(crate) fn header(&self) -> Option<&str> {
        self.terminator.as_ref().map(|terminator| terminator.header.as_str())
    }

    /// The client's certificate, if it has shown one that is good now. What comes from a terminator's address is the
    /// terminator's word alone: the certificate of that connection would be its own.
    pub(crate) fn certificate(
        &self,
        request: &Request,
        env: &dyn Env,
    ) -> Result<Option<Rc<Certificate>>, InvalidCertificate> {
        let terminator = self.terminator.as_ref().filter(|terminator| terminator.is_trusted(env));
        let found = match terminator {
            Some(terminator) => self.passed(request, &terminator.header)?,
            None => self.shown(env)?,
        };
        if let Some(certificate) = &found {
            certificate.check(env.now())?;
        }
        Ok(found)
    }

    /// Takes the terminator's header out of a request, whoever sent it.
    pub(crate) fn strip(&self, request: &Request, edits: &mut Edits) {
        let Some(Terminator { header, .. }) = &self.terminator else { return };
        strip_own(request, header, edits);
    }

    fn passed(&self, request: &Request, header: &str) -> Result<Option<Rc<Certificate>>, InvalidCertificate> {
        let mut values = request.headers().all(header).filter(|value| !value.is_empty());
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(InvalidCertificate::Malformed);
        }
        self.remembered(FROM_HEADER, value, || Certificate::read(&read_passed(value)?)).map(Some)
    }

    fn shown(&self, env: &dyn Env) -> Result<Option<Rc<Certificate>>, InvalidCertificate> {
        let Some(digest) = env.certificate_digest() else { return Ok(None) };
        let read = || {
            let text = env.certificate().ok_or(InvalidCertificate::Malformed)?;
            let certificate = Certificate::read(&read_passed(&text)?)?;
            if certificate.digest == digest { Ok(certificate) } else { Err(InvalidCertificate::Malformed) }
        };
        self.remembered(FROM_CONNECTION, &digest, read).map(Some)
    }

    fn remembered(
        &self,
        kind: u64,
        text: &[u8],
        read: impl FnOnce() -> Result<Certificate, InvalidCertificate>,
    ) -> Result<Rc<Certificate>, InvalidCertificate> {
        let fingerprint = self.fingerprints.of(kind, text);
        if let Some(known) = fingerprint.and_then(|fingerprint| self.read.get(fingerprint)) {
            return Ok(known);
        }
        let certificate = Rc::new(read()?);
        if let Some(fingerprint) = fingerprint.filter(|_| certificate.size() <= MAX_REMEMBERED) {
            self.read.insert(fingerprint, certificate.clone());
        }
        Ok(certificate)
    }
}

impl Terminator {
    fn compile(config: TerminatorConfig) -> Result<Self, InvalidAuth> {
        let header = header_name(&config.header).ok_or_else(|| {
            InvalidAuth::Terminator(format!("'{}' cannot hold a certificate", config.header))
        })?;
        let range = |text: &String| {
            let refused =
                || InvalidAuth::Terminator(format!("'{text}' is no address and no range of addresses"));
            AddressRange::parse(text).ok_or_else(refused)
        };
        let from: Vec<_> = config.from.iter().map(range).collect::<Result<_, _>>()?;
        if from.is_empty() {
            return Err(InvalidAuth::Terminator("its addresses are missing".to_owned()));
        }
        Ok(Self { header, from })
    }

    fn is_trusted(&self, env: &dyn Env) -> bool {
        env.peer().is_some_and(|peer| self.from.iter().any(|range| range.contains(peer)))
    }
}
