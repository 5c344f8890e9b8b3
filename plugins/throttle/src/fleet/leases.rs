//! The leases of a worker, one for each caller of each limit, in bounded number; and the questions that are open.

use std::collections::HashMap;

use super::lease::{Lease, Look, Need, Said, Terms};
use super::protocol::Ruling;
use crate::caller::Fingerprint;
use crate::gcra::SECOND;

/// Most leases of a worker, at about 200 bytes each. Callers beyond are asked for with each request.
const MOST_LEASES: usize = 16_384;
/// How long leases are not looked through again for room.
const CROWDED: u64 = SECOND;

/// The leases.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: HashMap<Fingerprint, Lease>,
    /// Whose question it is, by its key.
    open: HashMap<u128, (Fingerprint, Terms)>,
    number: u64,
    looked_through: u64,
}

impl Leases {
    /// See [`Lease::look`]; `None` when there is no room for another lease.
    pub(super) fn look(&mut self, count: Fingerprint, units: u32, now: u64, terms: Terms) -> Option<Look> {
        if !self.held.contains_key(&count) && !self.has_room(now) {
            return None;
        }
        let number = &mut self.number;
        let look = self.held.entry(count).or_default().look(units, now, terms, || next(number));
        if let Look::Ask(need) = look {
            self.open.insert(key(count, need), (count, terms));
        }
        Some(look)
    }

    /// See [`Lease::take`].
    pub(super) fn take(&mut self, count: Fingerprint, units: u32) {
        if let Some(lease) = self.held.get_mut(&count) {
            lease.take(units);
        }
    }

    /// See [`Lease::ahead`].
    pub(super) fn ahead(&mut self, count: Fingerprint, now: u64, terms: Terms) -> Option<Need> {
        let number = &mut self.number;
        let need = self.held.get_mut(&count)?.ahead(now, terms, || next(number))?;
        self.open.insert(key(count, need), (count, terms));
        Some(need)
    }

    /// Takes in what came of a question, which may be none of these; `None` when the service did not answer.
    pub(super) fn answered(&mut self, key: u128, ruling: Option<Ruling>, now: u64) {
        let Some((count, terms)) = self.open.remove(&key) else { return };
        let Some(lease) = self.held.get_mut(&count) else { return };
        if lease.question().is_none_or(|need| self::key(count, need) != key) {
            return;
        }
        match ruling {
            Some(Ruling::Granted(said)) => lease.grant(said, now, terms),
            Some(Ruling::Refused(said)) => lease.refuse(said, now),
            None => lease.fail(now),
        }
    }

    /// What is known of a caller's allowance.
    pub(super) fn said(&self, count: Fingerprint, now: u64) -> Said {
        let lease = self.held.get(&count);
        Said { remaining: lease.map(Lease::remaining), reset: lease.and_then(|lease| lease.reset_in(now)) }
    }

    fn has_room(&mut self, now: u64) -> bool {
        if self.held.len() < MOST_LEASES {
            return true;
        }
        if now.abs_diff(self.looked_through) < CROWDED {
            return false;
        }
        self.looked_through = now;
        self.held.retain(|_, lease| !lease.is_idle(now));
        let held = &self.held;
        let is_open = |key: u128, count: Fingerprint| {
            let question = held.get(&count).and_then(Lease::question);
            question.is_some_and(|need| self::key(count, need) == key)
        };
        self.open.retain(|open, (count, _)| is_open(*open, *count));
        self.held.len() < MOST_LEASES
    }
}

/// What the host knows a question by.
pub(super) fn key(count: Fingerprint, need: Need) -> u128 {
    u128::from(count.tag) << 64 | u128::from(count.spread ^ need.number)
}

fn next(number: &mut u64) -> u64 {
    *number = number.wrapping_add(1);
    *number
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { size: 100, gateways: 1, lifetime: 5 * SECOND };

    fn count(number: u64) -> Fingerprint {
        Fingerprint { tag: number, spread: 0 }
    }

    #[test]
    fn strangers_do_not_grow_the_memory_nor_push_out_who_is_served() {
        let mut leases = Leases::default();
        let granted = Some(Ruling::Granted(Said::default()));
        for caller in 0..MOST_LEASES as u64 {
            let Some(Look::Ask(need)) = leases.look(count(caller), 1, SECOND, TERMS) else {
                panic!("{caller}")
            };
            leases.answered(key(count(caller), need), granted, SECOND);
        }
        assert!(leases.look(count(u64::MAX), 1, SECOND, TERMS).is_none());
        assert_eq!(leases.look(count(0), 1, SECOND, TERMS), Some(Look::Enough));
        let later = SECOND + TERMS.lifetime;
        assert!(matches!(leases.look(count(u64::MAX), 1, later, TERMS), Some(Look::Ask(_))));
        assert_eq!((leases.held.len(), leases.open.len()), (1, 1));
    }

    #[test]
    fn an_answer_counts_once_and_only_for_its_question() {
        let mut leases = Leases::default();
        let Some(Look::Ask(need)) = leases.look(count(1), 3, SECOND, TERMS) else {
            panic!("nothing is asked")
        };
        let granted = Some(Ruling::Granted(Said::default()));
        leases.answered(key(count(1), need) ^ 1, granted, SECOND);
        assert!(matches!(leases.look(count(1), 3, SECOND, TERMS), Some(Look::Ask(again)) if again == need));
        leases.answered(key(count(1), need), granted, SECOND);
        leases.answered(key(count(1), need), granted, SECOND);
        assert_eq!(leases.look(count(1), 3, SECOND, TERMS), Some(Look::Enough));
        leases.take(count(1), 3);
        assert!(leases.ahead(count(1), SECOND, TERMS).is_none());
        assert!(matches!(leases.look(count(1), 1, SECOND, TERMS), Some(Look::Ask(_))));
    }
}
