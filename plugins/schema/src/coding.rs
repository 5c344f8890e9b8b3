//! Content codings that bodies are read in: gzip (RFC 1952) and deflate (RFC 1950). What comes out is bounded, and what
//! two readers could take differently (several members, bytes behind the end) is refused.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use portcullis_core::Headers;

use crate::media_type::trim;

/// How a body's bytes are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As they are.
    Identity,
    /// gzip.
    Gzip,
    /// zlib's form of deflate.
    Deflate,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecoded {
    /// It is not written in its coding.
    Malformed,
    /// More bytes would come out than are looked at.
    TooLong,
}

impl Coding {
    /// What a head says; `None` for a coding that is not read, and for several.
    pub fn of(headers: &Headers) -> Option<Self> {
        let mut found = Self::Identity;
        for value in headers.all("content-encoding") {
            for name in std::str::from_utf8(value).ok()?.split(',').map(trim).filter(|name| !name.is_empty())
            {
                let is = |known: &str| name.eq_ignore_ascii_case(known);
                let coding = match () {
                    () if is("identity") => continue,
                    () if is("gzip") || is("x-gzip") => Self::Gzip,
                    () if is("deflate") => Self::Deflate,
                    () => return None,
                };
                if found != Self::Identity {
                    return None;
                }
                found = coding;
            }
        }
        Some(found)
    }

    /// What comes out of a coded body, of at most so many bytes.
    pub fn decode(self, bytes: &[u8], max: usize) -> Result<Vec<u8>, Undecoded> {
        match self {
            Self::Identity => Ok(bytes.to_vec()),
            Self::Gzip => gunzip(bytes, max),
            Self::Deflate => match inflate(bytes, max, TINFL_FLAG_PARSE_ZLIB_HEADER)? {
                (decoded, read) if read == bytes.len() => Ok(decoded),
                _ => Err(Undecoded::Malformed),
            },
        }
    }
}

/// One member and nothing behind it (RFC 1952, section 2.3).
fn gunzip(bytes: &[u8], max: usize) -> Result<Vec<u8>, Undecoded> {
    let body = gzip_header(bytes).ok_or(Undecoded::Malformed)?;
    let (decoded, read) = inflate(body, max, 0)?;
    let trailer = body.get(read..).and_then(|rest| <[u8; 8]>::try_from(rest).ok());
    let [a, b, c, d, e, f, g, h] = trailer.ok_or(Undecoded::Malformed)?;
    let (sum, length) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    if length as usize == decoded.len() && sum == crc32(&decoded) {
        Ok(decoded)
    } else {
        Err(Undecoded::Malformed)
    }
}

/// What follows the header.
fn gzip_header(bytes: &[u8]) -> Option<&[u8]> {
    let (&[magic, number, method, flags, ..], mut rest) = bytes.split_first_chunk::<10>()?;
    if (magic, number, method) != (0x1f, 0x8b, 8) || flags & 0xe0 != 0 {
        return None;
    }
    if flags & 4 != 0 {
        let (length, extra) = rest.split_first_chunk::<2>()?;
        rest = extra.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

/// What came out, and how many bytes went in.
fn inflate(bytes: &[u8], max: usize, flags: u32) -> Result<(Vec<u8>, usize), Undecoded> {
    let mut state = Box::<DecompressorOxide>::default();
    // One byte over the limit tells that there is more.
    let most = max.saturating_add(1);
    let mut out = vec![0; bytes.len().saturating_mul(4).max(256).min(most)];
    let (mut read, mut written) = (0, 0);
    loop {
        let input = bytes.get(read..).unwrap_or_default();
        let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, used, made) = decompress(&mut state, input, &mut out, written, flags);
        read += used;
        written += made;
        match status {
            TINFLStatus::Done => {
                out.truncate(written);
                return if written > max { Err(Undecoded::TooLong) } else { Ok((out, read)) };
            }
            TINFLStatus::HasMoreOutput if out.len() > max => return Err(Undecoded::TooLong),
            TINFLStatus::HasMoreOutput => out.resize(out.len().saturating_mul(2).min(most), 0),
            _ => return Err(Undecoded::Malformed),
        }
    }
}

/// The checksum of RFC 1952, section 8, half a byte at a time.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = [
        0x0000_0000,
        0x1db7_1064,
        0x3b6e_20c8,
        0x26d9_30ac,
        0x76dc_4190,
        0x6b6b_51f4,
        0x4db2_6158,
        0x5005_713c,
        0xedb8_8320,
        0xf00f_9344,
        0xd6d6_a3e8,
        0xcb61_b38c,
        0x9b64_c2b0,
        0x86d3_d2d4,
        0xa00a_e278,
        0xbdbd_f21c,
    ];
    let half = |sum: u32| TABLE.get((sum & 15) as usize).copied().unwrap_or_default() ^ (sum >> 4);
    !bytes.iter().fold(!0, |sum, byte| half(half(sum ^ u32::from(*byte))))
}

#[cfg(test)]
#[path = "coding_tests.rs"]
mod tests;
