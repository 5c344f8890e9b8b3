//! What an operation requires, as OpenAPI says it: any one of several alternatives, each a set of schemes
//! that must all vouch for the caller. Knows neither requests nor credentials, only who answers for a scheme.

use std::rc::Rc;

use crate::failure::Failure;
use crate::grant::Grant;

/// One scheme that must vouch for the caller.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    /// The scheme, by its place among those of the operation.
    pub(crate) scheme: usize,
    /// What the credential must allow, all of it.
    pub(crate) scopes: Vec<String>,
}

/// All ways to satisfy an operation.
#[derive(Debug, Default)]
pub(crate) struct Alternatives {
    /// In the author's order; none is empty.
    pub(crate) ways: Vec<Vec<Requirement>>,
    /// Whether a caller without any credential is welcome.
    pub(crate) anonymous: bool,
}

/// The caller, as the first satisfied alternative has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Satisfied {
    /// The scheme of the alternative's first requirement, which names the consumer.
    pub(crate) scheme: usize,
    /// The consumer of that scheme, and the scopes of all.
    pub(crate) grant: Rc<Grant>,
}

/// Who answers for credentials.
pub(crate) trait Vouch {
    /// Whether a credential was presented for the scheme.
    fn is_presented(&self, scheme: usize) -> bool;

    /// Verifies the credential. Asked at most once per scheme and request.
    fn verify(&self, scheme: usize) -> Result<Rc<Grant>, Failure>;

    /// Whether the caller that an alternative has named may call, beside all that its schemes ask for.
    fn admit(&self, grant: &Grant) -> Result<(), Failure>;
}

impl Alternatives {
    /// The first alternative that holds; `None` for an anonymous caller, who is welcome only where no
    /// alternative holds. Otherwise the failure that came nearest to success.
    pub(crate) fn judge(&self, vouch: &dyn Vouch) -> Result<Option<Satisfied>, Failure> {
        let mut answers = Answers { vouch, known: Vec::new() };
        let mut nearest = Failure::Missing;
        for way in &self.ways {
            match answers.satisfy(way) {
                Ok(satisfied) => return Ok(Some(satisfied)),
                // Alternatives behind it count only if it does not hold.
                Err(pending @ Failure::Pending(_)) => return Err(pending),
                Err(failure) if failure.outranks(&nearest) => nearest = failure,
                Err(_) => {}
            }
        }
        // Whoever cannot be judged now is not made anonymous by that.
        let is_undecided = matches!(nearest, Failure::Unavailable(_));
        if self.anonymous && !is_undecided { Ok(None) } else { Err(nearest) }
    }
}

struct Answers<'v> {
    vouch: &'v dyn Vouch,
    known: Vec<(usize, Result<Rc<Grant>, Failure>)>,
}

impl Answers<'_> {
    fn satisfy(&mut self, way: &[Requirement]) -> Result<Satisfied, Failure> {
        if !way.iter().all(|requirement| self.vouch.is_presented(requirement.scheme)) {
            return Err(Failure::Missing);
        }
        let mut satisfied: Option<Satisfied> = None;
        for Requirement { scheme, scopes } in way {
            let grant = self.ask(*scheme)?;
            if !scopes.iter().all(|scope| grant.scopes().contains(scope)) {
                return Err(Failure::ScopeMissing(scopes.clone()));
            }
            match &mut satisfied {
                None => satisfied = Some(Satisfied { scheme: *scheme, grant }),
                Some(satisfied) => satisfied.grant = Rc::new(satisfied.grant.joined(&grant)),
            }
        }
        let satisfied = satisfied.ok_or(Failure::Missing)?;
        self.vouch.admit(&satisfied.grant)?;
        Ok(satisfied)
    }

    fn ask(&mut self, scheme: usize) -> Result<Rc<Grant>, Failure> {
        if let Some((_, known)) = self.known.iter().find(|(known, _)| *known == scheme) {
            return known.clone();
        }
        let answer = self.vouch.verify(scheme);
        self.known.push((scheme, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests;
