//! The body of a server's reply: here as a whole, or with the host, which gives it piece by piece.

use std::borrow::Cow;
use std::io;

/// How much of a body that is with the host is taken at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// What a server replied, without the head. A reply to a [`crate::Fetch`] may be long, and a module's memory never
/// shrinks: what reads it piece by piece needs no room for all of it.
pub enum ReplyBody {
    /// All of it.
    Here(Vec<u8>),
    /// It is with the host for as long as the one call of [`crate::Learn::fetch`] lasts that is told of it.
    WithHost {
        /// How many bytes it has.
        length: usize,
        /// At most so many bytes (the second number) from a place on; none past the end.
        piece: fn(usize, usize) -> Vec<u8>,
    },
}

impl ReplyBody {
    /// How many bytes it has.
    pub fn length(&self) -> usize {
        match self {
            Self::Here(bytes) => bytes.len(),
            Self::WithHost { length, .. } => *length,
        }
    }

    /// All of it at once.
    pub fn whole(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Here(bytes) => Cow::Borrowed(bytes),
            Self::WithHost { length, piece } => Cow::Owned(piece(0, *length)),
        }
    }

    /// It from its beginning, as a stream that never needs much of it at a time.
    pub fn read(&self) -> impl io::BufRead {
        Pieces { body: self, piece: Cow::Borrowed(&[]), at: 0, taken: 0 }
    }
}

impl From<Vec<u8>> for ReplyBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Here(bytes)
    }
}

struct Pieces<'b> {
    body: &'b ReplyBody,
    piece: Cow<'b, [u8]>,
    /// Where in the piece the reader is.
    at: usize,
    /// Where in the body the next piece begins.
    taken: usize,
}

impl io::BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.piece.len() {
            self.piece = match self.body {
                ReplyBody::Here(bytes) => Cow::Borrowed(bytes.get(self.taken..).unwrap_or_default()),
                ReplyBody::WithHost { piece, .. } => {
                    // The last piece's memory is free before the next one is made.
                    self.piece = Cow::Borrowed(&[]);
                    Cow::Owned(piece(self.taken, PIECE))
                }
            };
            self.at = 0;
            self.taken += self.piece.len();
        }
        Ok(self.piece.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl io::Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut left = io::BufRead::fill_buf(self)?;
        let read = io::Read::read(&mut left, into)?;
        io::BufRead::consume(self, read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn at_host(from: usize, most: usize) -> Vec<u8> {
        let all = long();
        all.get(from..all.len().min(from.saturating_add(most))).unwrap_or_default().to_vec()
    }

    fn long() -> Vec<u8> {
        (0..PIECE * 2 + 7).map(|at| (at % 251) as u8).collect()
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_body_is_the_same_wherever_it_is() {
        let expected = long();
        for body in [ReplyBody::from(long()), ReplyBody::WithHost { length: expected.len(), piece: at_host }]
        {
            let mut read = Vec::new();
            body.read().read_to_end(&mut read).unwrap();
            assert!(read == expected && *body.whole() == *expected && body.length() == expected.len());
        }
        let mut nothing = Vec::new();
        ReplyBody::WithHost { length: 0, piece: |_, _| Vec::new() }.read().read_to_end(&mut nothing).unwrap();
        assert!(nothing.is_empty());
    }
}
