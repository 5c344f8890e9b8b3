//! The tokens that are revoked, as 62-bit keyed hashes in one piece of memory: a million in 18 MB. The worker that
//! fetches makes the piece, and all others take it as it is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// What may be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mark<'m> {
    /// One token, by its `jti`.
    Id(&'m str),
    /// One token, by the SHA-256 of its text in lower-case hex.
    Digest(&'m str),
    /// All tokens of a `sub`.
    Subject(&'m str),
    /// All tokens of an `iss`.
    Issuer(&'m str),
}

/// One entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    hash: u64,
    /// Seconds since 1970 from which on the entry means nothing; `u32::MAX`: never.
    until: u32,
    /// Only tokens issued before this second; `u32::MAX`: all.
    before: u32,
}

/// The key of the hashes of one list. An issuer's own tokens can collide by chance alone, one in 2^62.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashKey([u8; 16]);

/// No token, and no entry's hash.
const EMPTY: u64 = 0;
/// The bits of a hash that say of which kind its mark is.
const KIND: u64 = 3;
/// Key, number of slots, which kinds there are.
const HEAD: usize = 21;
const SLOT: usize = 12;
const RULE: usize = 16;
/// Long lists grow by so many slots.
const STEP: usize = 65_536;
/// How long an entry is kept beyond its end: a clock that has stepped ahead comes back, and a store that says that nothing
/// has changed does not tell the entry again.
const KEPT_SECONDS: u64 = 86_400;

/// What is revoked.
#[derive(Debug, Default)]
pub(crate) struct Revoked {
    state: RefCell<Option<State>>,
}

#[derive(Debug)]
struct State {
    key: HashKey,
    /// As fetched: [`HEAD`], then slots, then rules.
    image: Vec<u8>,
    slots: usize,
    /// What is limited to tokens issued before, and what came in addition: `until` and `before`.
    others: HashMap<u64, (u32, u32)>,
    /// Counts what was learned.
    edition: u64,
    /// How often something came in addition.
    additions: usize,
    /// The kinds of marks that there are, a bit for each.
    kinds: u8,
}

impl<'m> Mark<'m> {
    fn parts(self) -> (u8, &'m str) {
        match self {
            Mark::Id(text) => (0, text),
            Mark::Digest(text) => (1, text),
            Mark::Subject(text) => (2, text),
            Mark::Issuer(text) => (3, text),
        }
    }
}

impl HashKey {
    pub(crate) fn random() -> Option<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).ok()?;
        Some(Self(key))
    }

    fn hash(self, mark: Mark<'_>) -> u64 {
        let (kind, text) = mark.parts();
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write_u8(kind);
        hasher.write(text.as_bytes());
        (hasher.finish() & !KIND).max(KIND + 1) | u64::from(kind)
    }

    pub(crate) fn entry(self, mark: Mark<'_>, until: u32, before: u32) -> Entry {
        Entry { hash: self.hash(mark), until, before }
    }
}

/// A list as all workers take it over; entries that have long been over are left out.
pub(crate) fn image(key: HashKey, entries: &[Entry], now: u64) -> Vec<u8> {
    let live = || entries.iter().filter(|entry| u64::from(entry.until).saturating_add(KEPT_SECONDS) > now);
    let plain = live().filter(|entry| entry.before == u32::MAX).count();
    let slots = slots_for(plain);
    let rules = live().count() - plain;
    // The adapter puts the edition before it.
    let mut image = Vec::with_capacity(HEAD + slots * SLOT + rules * RULE + size_of::<u32>());
    image.resize(HEAD + slots * SLOT, 0);
    if let Some((head, table)) = image.split_at_mut_checked(HEAD) {
        let number = u32::try_from(slots).unwrap_or(u32::MAX).to_le_bytes();
        let kinds = [live().fold(0, |kinds, entry| kinds | entry.kind())];
        let bytes = key.0.iter().chain(&number).chain(&kinds);
        head.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        for entry in live().filter(|entry| entry.before == u32::MAX) {
            insert(table, slots, entry);
        }
    }
    for entry in live().filter(|entry| entry.before != u32::MAX) {
        image.extend(entry.to_bytes());
    }
    image
}

/// At most two thirds full, so that what is not there is soon known not to be. Long lists that differ by a few entries are of
/// the same size: the next one fits where the last one was.
fn slots_for(entries: usize) -> usize {
    let least = entries + entries / 2 + 1;
    if entries < STEP { least } else { least.next_multiple_of(STEP) }
}

fn insert(table: &mut [u8], slots: usize, entry: &Entry) {
    let mut at = slot_of(entry.hash, slots);
    for _ in 0..slots {
        let Some(slot) = table.get_mut(at * SLOT..(at + 1) * SLOT) else { return };
        let Some((hash, until)) = read_slot(slot) else { return };
        if hash == EMPTY || hash == entry.hash {
            let until = if hash == EMPTY { entry.until } else { entry.until.max(until) };
            let bytes = entry.hash.to_le_bytes().into_iter().chain(until.to_le_bytes());
            slot.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
            return;
        }
        at = (at + 1) % slots;
    }
}

/// Of two entries for the same, the one that reaches further counts.
fn add(others: &mut HashMap<u64, (u32, u32)>, entry: Entry) {
    let known = others.entry(entry.hash).or_insert((entry.until, entry.before));
    *known = (known.0.max(entry.until), known.1.max(entry.before));
}

/// Where a hash belongs, without a division.
fn slot_of(hash: u64, slots: usize) -> usize {
    ((u128::from(hash) * slots as u128) >> 64) as usize
}

fn read_slot(slot: &[u8]) -> Option<(u64, u32)> {
    let (hash, until) = slot.split_first_chunk()?;
    Some((u64::from_le_bytes(*hash), u32::from_le_bytes(*until.first_chunk()?)))
}

impl Entry {
    /// A bit for each kind of mark.
    fn kind(&self) -> u8 {
        1 << (self.hash & KIND)
    }

    /// What is told to all workers of an addition.
    pub(crate) fn to_bytes(self) -> [u8; RULE] {
        let number = (u128::from(self.hash) << 64) | (u128::from(self.until) << 32) | u128::from(self.before);
        number.to_be_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let number = u128::from_be_bytes(*bytes.first_chunk()?);
        Some(Self { hash: (number >> 64) as u64, until: (number >> 32) as u32, before: number as u32 })
    }
}

impl Revoked {
    /// Gives up the memory of the list. Until another comes, nobody can say what is revoked; its edition is one that no other
    /// list has had.
    pub(crate) fn release(&self) {
        if let Some(state) = self.state.borrow_mut().as_mut() {
            (state.image, state.slots, state.others) = (Vec::new(), 0, HashMap::new());
        }
    }

    /// Takes in an [`image`], or entries in addition to it.
    pub(crate) fn learn(&self, text: Vec<u8>, replaces: bool) {
        let mut state = self.state.borrow_mut();
        if replaces {
            let edition = state.as_ref().map_or(1, |state| state.edition + 1);
            if let Some(new) = State::new(text, edition) {
                *state = Some(new);
            }
        } else if let Some(state) = state.as_mut() {
            for entry in text.chunks_exact(RULE).filter_map(Entry::from_bytes) {
                state.kinds |= entry.kind();
                add(&mut state.others, entry);
            }
            state.edition += 1;
            state.additions += 1;
        }
    }

    /// Counts what was learned; `None` before the first list: then nobody can say what is revoked.
    pub(crate) fn edition(&self) -> Option<u64> {
        self.state.borrow().as_ref().filter(|state| state.slots > 0).map(|state| state.edition)
    }

    /// Whether a token with one of these marks is revoked.
    pub(crate) fn is_revoked(&self, mark: Mark<'_>, issued: u64, now: u64) -> bool {
        let state = self.state.borrow();
        let known = state.as_ref().filter(|state| state.has(mark));
        known.is_some_and(|state| state.holds(state.key.hash(mark), issued, now))
    }

    /// Whether any entry names a token by its digest: without one, no token has to be hashed whole.
    pub(crate) fn has_digests(&self) -> bool {
        self.state.borrow().as_ref().is_some_and(|state| state.has(Mark::Digest("")))
    }

    /// Key and number of additions of the present list.
    pub(crate) fn standing(&self) -> Option<(HashKey, usize)> {
        let state = self.state.borrow();
        state.as_ref().filter(|state| state.slots > 0).map(|state| (state.key, state.additions))
    }

    /// All entries, to make one image of them.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.state.borrow().as_ref().map_or_else(Vec::new, State::entries)
    }
}

impl State {
    fn new(image: Vec<u8>, edition: u64) -> Option<Self> {
        let (key, rest) = image.split_first_chunk()?;
        let (slots, rest) = rest.split_first_chunk()?;
        let slots = u32::from_le_bytes(*slots) as usize;
        let kinds = *rest.first()?;
        let key = HashKey(*key);
        let end = HEAD.checked_add(slots.checked_mul(SLOT)?)?;
        let rules = image.get(end..).filter(|_| slots > 0)?.chunks_exact(RULE).filter_map(Entry::from_bytes);
        let mut others = HashMap::new();
        rules.for_each(|rule| add(&mut others, rule));
        Some(Self { key, image, slots, others, edition, additions: 0, kinds })
    }

    /// Whether there is any entry of the mark's kind.
    fn has(&self, mark: Mark<'_>) -> bool {
        self.kinds & (1 << mark.parts().0) != 0
    }

    fn holds(&self, hash: u64, issued: u64, now: u64) -> bool {
        let applies = |until: u32, before: u32| {
            u64::from(until) > now && (before == u32::MAX || issued < u64::from(before))
        };
        self.find(hash).is_some_and(|until| applies(until, u32::MAX))
            || self.others.get(&hash).is_some_and(|(until, before)| applies(*until, *before))
    }

    fn find(&self, hash: u64) -> Option<u32> {
        let table = self.image.get(HEAD..)?;
        let mut at = slot_of(hash, self.slots);
        for _ in 0..self.slots {
            match read_slot(table.get(at * SLOT..(at + 1) * SLOT)?)? {
                (found, until) if found == hash => return Some(until),
                (EMPTY, _) => return None,
                _ => at = (at + 1) % self.slots,
            }
        }
        None
    }

    fn entries(&self) -> Vec<Entry> {
        let table = self.image.get(HEAD..HEAD + self.slots * SLOT).unwrap_or_default();
        let slots = table.chunks_exact(SLOT).filter_map(read_slot).filter(|(hash, _)| *hash != EMPTY);
        let plain = slots.map(|(hash, until)| Entry { hash, until, before: u32::MAX });
        let others = self.others.iter().map(|(hash, (until, before))| Entry {
            hash: *hash,
            until: *until,
            before: *before,
        });
        plain.chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When what ended at 10 is left out.
    const LISTED: u64 = KEPT_SECONDS + 10;

    fn key() -> HashKey {
        HashKey([7; 16])
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_listed_is_revoked_until_it_is_over_whenever_it_was_listed() {
        let key = key();
        let entries = [
            key.entry(Mark::Id("a"), 100, u32::MAX),
            key.entry(Mark::Id("b"), u32::MAX, u32::MAX),
            key.entry(Mark::Subject("ada"), u32::MAX, 50),
            key.entry(Mark::Id("over"), 9, u32::MAX),
        ];
        let revoked = Revoked::default();
        assert_eq!(revoked.edition(), None);
        revoked.learn(image(key, &entries, LISTED), true);
        revoked.learn(key.entry(Mark::Digest("cafe"), 100, u32::MAX).to_bytes().to_vec(), false);
        let cases = [
            (Mark::Id("a"), 0, 99, true),
            (Mark::Id("a"), 0, 100, false),
            (Mark::Id("b"), 0, u64::from(u32::MAX) - 1, true),
            (Mark::Id("c"), 0, 20, false),
            (Mark::Id("over"), 0, 5, false),
            (Mark::Subject("a"), 0, 20, false),
            (Mark::Subject("ada"), 49, 60, true),
            (Mark::Subject("ada"), 50, 60, false),
            (Mark::Digest("cafe"), 0, 20, true),
            (Mark::Id("cafe"), 0, 20, false),
        ];
        for (mark, issued, now, expected) in cases {
            assert_eq!(revoked.is_revoked(mark, issued, now), expected, "{mark:?} {issued} {now}");
        }
        let again = Revoked::default();
        again.learn(image(key, &revoked.entries(), LISTED), true);
        for (mark, issued, now, expected) in cases {
            assert_eq!(again.is_revoked(mark, issued, now), expected, "again: {mark:?} {issued} {now}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_list_knows_whether_it_names_tokens_by_their_digests() {
        let (key, revoked) = (key(), Revoked::default());
        let digest = key.entry(Mark::Digest("cafe"), 100, u32::MAX);
        let names = ["a", "b", "c", "d", "e", "f"].map(|name| key.entry(Mark::Id(name), 100, u32::MAX));
        revoked.learn(image(key, &names, 10), true);
        assert!(!revoked.has_digests());
        revoked.learn(digest.to_bytes().to_vec(), false);
        assert!(revoked.has_digests());
        revoked.learn(image(key, &revoked.entries(), 10), true);
        assert!(revoked.has_digests());
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_list_that_was_given_up_says_nothing_and_the_next_is_another_edition() {
        let (key, revoked) = (key(), Revoked::default());
        let list = || image(key, &[key.entry(Mark::Id("a"), 100, u32::MAX)], 10);
        revoked.release();
        revoked.learn(list(), true);
        let first = revoked.edition();
        revoked.release();
        assert_eq!((revoked.edition(), revoked.standing()), (None, None));
        revoked.learn(vec![1, 2, 3], true);
        assert_eq!(revoked.edition(), None, "what is no list is none");
        revoked.learn(list(), true);
        assert!(revoked.edition().is_some_and(|next| Some(next) > first));
        assert!(revoked.is_revoked(Mark::Id("a"), 0, 50));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_no_image_changes_nothing() {
        let key = key();
        let good = image(key, &[key.entry(Mark::Id("a"), 100, u32::MAX)], 10);
        for cut in 0..good.len() {
            let revoked = Revoked::default();
            revoked.learn(good.get(..cut).unwrap().to_vec(), true);
            assert_eq!(revoked.edition(), None, "{cut}");
        }
        let mut none = good.clone();
        none[16..20].fill(0);
        let revoked = Revoked::default();
        revoked.learn(good, true);
        revoked.learn(none, true);
        assert!(revoked.is_revoked(Mark::Id("a"), 0, 50));
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn a_million_entries_fit_and_all_are_found() {
        let key = key();
        let names: Vec<String> = (0..1_000_000).map(|number| number.to_string()).collect();
        let entries: Vec<Entry> =
            names.iter().map(|name| key.entry(Mark::Id(name), u32::MAX, u32::MAX)).collect();
        let image = image(key, &entries, 0);
        assert!(image.len() < 19_000_000, "{}", image.len());
        let revoked = Revoked::default();
        revoked.learn(image, true);
        assert!(names.iter().all(|name| revoked.is_revoked(Mark::Id(name), 0, 0)));
        assert!(!(1_000_000..1_100_000).any(|number| revoked.is_revoked(
            Mark::Id(&number.to_string()),
            0,
            0
        )));
    }
}
