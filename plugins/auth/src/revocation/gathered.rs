//! Entries on their way from the store: written part by part where all are read, kept where a few come in addition.

use portcullis_core::Env;

use super::parts::{PART, Writer};
use crate::revoked::{Entry, HashKey, Revoked};

/// What a fetch has read so far.
#[derive(Debug)]
pub(super) enum Gathered {
    Whole(Writer),
    Additions(HashKey, Vec<Entry>),
}

impl Gathered {
    pub(super) fn key(&self) -> HashKey {
        match self {
            Self::Whole(writer) => writer.key(),
            Self::Additions(key, _) => *key,
        }
    }

    /// More additions than fit into a part make a whole list.
    pub(super) fn put(&mut self, entry: Entry, revoked: &Revoked, env: &dyn Env) -> Result<(), String> {
        match self {
            Self::Whole(writer) => return writer.put(entry, env),
            Self::Additions(_, entries) if entries.len() < PART => entries.push(entry),
            Self::Additions(_, entries) => {
                let mut writer = whole(std::mem::take(entries), revoked, env)?;
                writer.put(entry, env)?;
                *self = Self::Whole(writer);
            }
        }
        Ok(())
    }
}

/// What is known already, and more.
pub(super) fn whole(more: Vec<Entry>, revoked: &Revoked, env: &dyn Env) -> Result<Writer, String> {
    let base = revoked.manifest().ok_or("there is no list to add to")?;
    let mut writer = Writer::after(Some(&base)).ok_or("there are no random numbers")?;
    let now = env.now().seconds();
    let mut put = |entry: Entry| if entry.is_long_over(now) { Ok(()) } else { writer.put(entry, env) };
    revoked.each(&mut put)?;
    more.into_iter().try_for_each(put)?;
    Ok(writer)
}
