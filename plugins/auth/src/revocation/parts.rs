//! A list on its way from the worker that fetches it to all others: in parts in the shared data, so that nobody has to hold
//! more of it than a part beside the one that serves. There are two places for lists, taken in turns: while one is
//! written, the last one can still be read.

use portcullis_core::Env;

use crate::revoked::{Entry, HashKey};

/// Most entries of one list.
const MAX_ENTRIES: usize = 2_000_000;
/// Entries in one part: 512 KiB.
pub(crate) const PART: usize = 32_768;
/// Bytes before the entries of a part: the number of the list that it is of.
const HEAD: usize = 8;

/// Where a list is, and what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    key: HashKey,
    /// A random number that stands in every part: one that another fetch has overwritten is known by it.
    list: u64,
    /// Which of the two places it has.
    place: u8,
    entries: u32,
}

/// Puts a list into the shared data.
#[derive(Debug)]
pub(crate) struct Writer {
    manifest: Manifest,
    part: Vec<u8>,
}

impl Manifest {
    pub(crate) fn key(&self) -> HashKey {
        self.key
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries as usize
    }

    /// Whether all parts are where they belong.
    pub(crate) fn is_there(&self, env: &dyn Env) -> bool {
        (0..self.parts()).all(|part| self.part(part, env).is_some())
    }

    /// Hands over every entry. Whether all were there, and taken.
    pub(crate) fn read(&self, env: &dyn Env, mut take: impl FnMut(Entry) -> bool) -> bool {
        (0..self.parts()).all(|part| {
            let bytes = self.part(part, env);
            bytes.is_some_and(|bytes| Entry::all_from(bytes.get(HEAD..).unwrap_or_default()).all(&mut take))
        })
    }

    /// Gives the memory of its parts back, unless the other list is in the same place.
    pub(crate) fn make_way_for(&self, other: &Self, env: &dyn Env) {
        for part in (0..self.parts()).filter(|_| self.place != other.place) {
            // What stays there is overwritten by the next list.
            let _ = env.shared_set(&key_of(self.place, part), &[], None);
        }
    }

    fn parts(&self) -> usize {
        self.entries().div_ceil(PART)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (list, entries) = (self.list.to_le_bytes(), self.entries.to_le_bytes());
        [self.key.to_bytes().as_slice(), &list, &[self.place], &entries].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (list, rest) = rest.split_first_chunk()?;
        let ([place], rest) = rest.split_first_chunk()?;
        let entries = u32::from_le_bytes(rest.try_into().ok()?);
        let (key, list) = (HashKey::from_bytes(*key), u64::from_le_bytes(*list));
        let is_bounded = entries as usize <= MAX_ENTRIES;
        is_bounded.then_some(Self { key, list, place: *place & 1, entries })
    }

    fn part(&self, part: usize, env: &dyn Env) -> Option<Vec<u8>> {
        let (bytes, _) = env.shared_get(&key_of(self.place, part))?;
        let left = self.entries().saturating_sub(part * PART);
        let is_its = bytes.len() == HEAD + left.min(PART) * Entry::BYTES
            && bytes.first_chunk() == Some(&self.list.to_le_bytes());
        is_its.then_some(bytes)
    }
}

impl Writer {
    /// Of a list that takes the place that the last one does not have; `None` without random numbers.
    pub(crate) fn after(last: Option<&Manifest>) -> Option<Self> {
        let key = last.map(Manifest::key).or_else(HashKey::random)?;
        let mut list = [0; 8];
        getrandom::fill(&mut list).ok()?;
        let (list, place) = (u64::from_le_bytes(list), last.map_or(0, |last| last.place ^ 1));
        Some(Self { manifest: Manifest { key, list, place, entries: 0 }, part: Vec::new() })
    }

    pub(crate) fn key(&self) -> HashKey {
        self.manifest.key
    }

    /// Adds an entry; `Err` when there are too many, or the host does not take them.
    pub(crate) fn put(&mut self, entry: Entry, env: &dyn Env) -> Result<(), String> {
        if self.manifest.entries() >= MAX_ENTRIES {
            return Err(format!("the list has more than {MAX_ENTRIES} entries"));
        }
        if self.part.is_empty() {
            self.part.reserve_exact(HEAD + PART * Entry::BYTES);
            self.part.extend(self.manifest.list.to_le_bytes());
        }
        self.part.extend(entry.to_bytes());
        self.manifest.entries += 1;
        if self.manifest.entries().is_multiple_of(PART) { self.flush(env) } else { Ok(()) }
    }

    /// Where the whole list is.
    pub(crate) fn finish(mut self, env: &dyn Env) -> Result<Manifest, String> {
        if !self.part.is_empty() {
            self.flush(env)?;
        }
        Ok(self.manifest)
    }

    fn flush(&mut self, env: &dyn Env) -> Result<(), String> {
        let key = key_of(self.manifest.place, self.manifest.parts() - 1);
        let refused = |_| "the host refused the shared data".to_owned();
        env.shared_set(&key, &self.part, None).map_err(refused)?;
        self.part.clear();
        Ok(())
    }
}

fn key_of(place: u8, part: usize) -> String {
    format!("portcullis.revoked.{place}.{part}")
}
