//! The tokens that are revoked, as a worker keeps them: a million in 22 MB. The next list is read into the memory of the
//! last one, from what the worker that fetched it has put into the shared data.

mod mark;
mod table;

use std::cell::{Cell, RefCell};

use portcullis_core::Env;

pub(crate) use mark::{Entry, HashKey, Mark};
use table::Table;

use crate::revocation::Manifest;

/// What is revoked.
#[derive(Debug, Default)]
pub(crate) struct Revoked {
    list: RefCell<List>,
    /// Counts what was learned.
    edition: Cell<u64>,
}

#[derive(Debug, Default)]
struct List {
    /// What the table was read from; `None` while it says nothing.
    manifest: Option<Manifest>,
    table: Table,
    /// How often something came in addition.
    additions: usize,
}

impl Revoked {
    /// Takes in a whole list. False when it is not there: then what was known stays, or nobody can say what is revoked if it goes
    /// away in this very moment.
    pub(crate) fn replace(&self, manifest: Manifest, env: &dyn Env) -> bool {
        if !manifest.is_there(env) {
            return false;
        }
        let mut list = self.list.borrow_mut();
        let List { manifest: known, table, additions } = &mut *list;
        *known = None;
        *additions = 0;
        self.edition.set(self.edition.get() + 1);
        table.clear_for(manifest.entries());
        let is_whole = manifest.read(env, |entry| table.insert(entry));
        *known = Some(manifest).filter(|_| is_whole);
        is_whole
    }

    /// Takes in entries in addition. False when they have no place, or there is no list: without what they add to, they would be
    /// a list of very little.
    pub(crate) fn add(&self, text: &[u8]) -> bool {
        let mut list = self.list.borrow_mut();
        if list.manifest.is_none() {
            return false;
        }
        list.additions += 1;
        self.edition.set(self.edition.get() + 1);
        let have_place = Entry::all_from(text).all(|entry| list.table.insert(entry));
        if !have_place {
            list.manifest = None;
        }
        have_place
    }

    /// Counts what was learned; `None` before the first list: then nobody can say what is revoked.
    pub(crate) fn edition(&self) -> Option<u64> {
        self.list.borrow().manifest.as_ref().map(|_| self.edition.get())
    }

    /// Whether a token with one of these marks is revoked.
    pub(crate) fn is_revoked(&self, mark: Mark<'_>, issued: u64, now: u64) -> bool {
        let list = self.list.borrow();
        let known = list.manifest.as_ref().filter(|_| list.table.has(mark.kind()));
        known.is_some_and(|known| list.table.any(known.key().hash(mark), |entry| entry.applies(issued, now)))
    }

    /// Whether any entry names a token by its digest: without one, no token has to be hashed whole.
    pub(crate) fn has_digests(&self) -> bool {
        self.list.borrow().table.has(Mark::Digest("").kind())
    }

    /// What the present list was read from.
    pub(crate) fn manifest(&self) -> Option<Manifest> {
        self.list.borrow().manifest.clone()
    }

    /// Whether so many entries may come in addition, after at most so many additions.
    pub(crate) fn has_room_for(&self, entries: usize, most_additions: usize) -> bool {
        let list = self.list.borrow();
        list.manifest.is_some() && list.additions < most_additions && list.table.has_room_for(entries)
    }

    /// Hands over every entry, until one is not taken.
    pub(crate) fn each<E>(&self, take: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
        self.list.borrow().table.entries().try_for_each(take)
    }
}

#[cfg(test)]
mod tests;
