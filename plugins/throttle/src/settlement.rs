//! What a request is charged when it has ended, and what it gives back then: bytes, and its place among those in flight.

use portcullis_config::throttle::CountsConfig;
use portcullis_core::{Env, Receipt};

use crate::caller::Callers;
use crate::flight::{Flights, Grounded, Lease};
use crate::gcra::SECOND;
use crate::rule::AppliedLimit;
use crate::table::{Charge, Charged, Denied, Standing, Table};

/// What is left to be done at the end of a request.
#[derive(Debug, Default)]
pub(crate) struct Due {
    leases: Vec<Lease>,
    /// Counts of bytes, and of which.
    bytes: Vec<(Charge, CountsConfig)>,
}

/// Both tables, of which limits of bytes and of requests in flight need the one and the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tables {
    pub(crate) counts: Table,
    pub(crate) flights: Flights,
}

impl Tables {
    /// Charges all or none, as [`Table::charge`] does, and leaves with the host what is due at the end. Places in flight
    /// are taken first, since they can always be given back. `limits` are at the places of the charges.
    pub(crate) fn charge(
        self,
        charges: &[Charge],
        limits: &[&AppliedLimit],
        callers: &Callers<'_>,
        env: &dyn Env,
    ) -> Result<Vec<Standing>, Denied> {
        let (mut due, mut flying) = (Due::default(), Vec::new());
        let charged = self
            .depart(charges, limits, callers, &mut due, &mut flying, env)
            .and_then(|()| self.counts.charge(charges, env));
        let mut standings = match charged {
            Ok(standings) => standings,
            Err(denied) => {
                due.leases.iter().for_each(|lease| self.flights.give_back(lease, env));
                return Err(denied);
            }
        };
        for (at, found) in flying {
            if let Some(standing) = standings.get_mut(at) {
                *standing = found;
            }
        }
        let at_end = charges.iter().zip(limits).zip(&standings);
        due.bytes = at_end
            .filter(|((charge, _), standing)| charge.is_charged(Charged::AtEnd) && !standing.over)
            .map(|((charge, applied), _)| (*charge, applied.limit.of))
            .collect();
        if !due.leases.is_empty() || !due.bytes.is_empty() {
            env.at_end(Receipt::new(due));
        }
        Ok(standings)
    }

    /// Takes a place in flight under each limit that counts them, or says which refuses.
    fn depart(
        self,
        charges: &[Charge],
        limits: &[&AppliedLimit],
        callers: &Callers<'_>,
        due: &mut Due,
        flying: &mut Vec<(usize, Standing)>,
        env: &dyn Env,
    ) -> Result<(), Denied> {
        let places = charges.iter().zip(limits).enumerate();
        for (at, (charge, applied)) in places.filter(|(_, (charge, _))| charge.is_charged(Charged::Elsewhere))
        {
            let limit = &applied.limit;
            let departure =
                self.flights.locate(callers.by(&limit.by), applied.counter, limit.requests, limit.lease);
            match self.flights.take(&departure.times(charge.units()), env) {
                Ok((lease, remaining)) => {
                    due.leases.push(lease);
                    flying.push((at, Standing { remaining, full_in: 0, over: false }));
                }
                Err(Grounded::Full) if limit.marks => {
                    flying.push((at, Standing { remaining: 0, full_in: SECOND, over: true }));
                }
                Err(Grounded::Full) => return Err(Denied::UsedUp { charge: at, retry_in: SECOND }),
                Err(Grounded::Contended) => return Err(Denied::Contended),
                Err(Grounded::Unreadable) => return Err(Denied::Unreadable),
            }
        }
        Ok(())
    }

    /// The request has ended. A host that does not say how much went has all charged that is left.
    pub(crate) fn settle(self, due: &Due, env: &dyn Env) {
        due.leases.iter().for_each(|lease| self.flights.give_back(lease, env));
        if due.bytes.is_empty() {
            return;
        }
        let (sent, received) = (env.request_bytes(), env.response_bytes());
        for (charge, counts) in &due.bytes {
            let bytes = match counts {
                CountsConfig::RequestBytes => sent,
                CountsConfig::ResponseBytes => received,
                _ => sent.zip(received).map(|(sent, received)| sent.saturating_add(received)),
            };
            self.counts.spend(charge, bytes.unwrap_or(u64::MAX), env);
        }
    }
}
