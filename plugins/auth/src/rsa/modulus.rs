//! Powers modulo an odd number by Montgomery's multiplication, in 32-bit limbs: a module multiplies two of them into
//! 64 bits at once, and has nothing for twice that.

/// An odd number above 1.
#[derive(Debug)]
pub(super) struct Modulus {
    /// Least significant first; the last is not zero.
    limbs: Vec<u32>,
    bits: usize,
    /// `-1 / modulus` modulo 2^32.
    inverse: u32,
    /// `R²` modulo the modulus, where `R` is 2 to the bits of all limbs.
    square: Vec<u32>,
}

impl Modulus {
    /// The number of these bytes, big-endian; `None` when it is even or 1.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let mut limbs = limbs(bytes);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let (first, last) = (*limbs.first()?, *limbs.last()?);
        if first % 2 == 0 || (limbs.len() == 1 && first == 1) {
            return None;
        }
        // Newton: each step doubles the bits that are right, and an odd number is its own inverse modulo 8.
        let inverse = (0..4)
            .fold(first, |inverse, _| inverse.wrapping_mul(2_u32.wrapping_sub(first.wrapping_mul(inverse))));
        let bits = limbs.len() * 32 - last.leading_zeros() as usize;
        let mut modulus = Self { limbs, bits, inverse: inverse.wrapping_neg(), square: Vec::new() };
        modulus.square = modulus.square_of_r();
        Some(modulus)
    }

    /// How many bits it takes.
    pub(super) fn bits(&self) -> usize {
        self.bits
    }

    /// Big-endian, without leading zeros.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        bytes(&self.limbs, self.bits.div_ceil(8))
    }

    /// `base` to the power of an odd `exponent` above 1, as long as the modulus. `None` when `base` has another length
    /// or is not below the modulus (RFC 8017, section 5.2.2).
    pub(super) fn power(&self, base: &[u8], exponent: u64) -> Option<Vec<u8>> {
        let length = self.bits.div_ceil(8);
        if base.len() != length || exponent < 3 || exponent.is_multiple_of(2) {
            return None;
        }
        let mut base = limbs(base);
        base.resize(self.limbs.len(), 0);
        if !is_below(&base, &self.limbs) {
            return None;
        }
        let mut work = Work::new(self.limbs.len());
        let mut scaled = self.square.clone();
        self.multiply(&mut scaled, &base, &mut work);
        let mut power = scaled.clone();
        for bit in (0..exponent.ilog2()).rev() {
            let factor = power.clone();
            self.multiply(&mut power, &factor, &mut work);
            if bit == 0 {
                // The unscaled factor takes the scale out of the product.
                self.multiply(&mut power, &base, &mut work);
            } else if exponent >> bit & 1 == 1 {
                self.multiply(&mut power, &scaled, &mut work);
            }
        }
        Some(bytes(&power, length))
    }

    /// `factor * other / R`, below the modulus as both are.
    fn multiply(&self, factor: &mut [u32], other: &[u32], work: &mut Work) {
        work.clear();
        for digit in &*factor {
            self.add_row(*digit, other, work);
        }
        if work.top != 0 || !is_below(&work.sum, &self.limbs) {
            subtract(&mut work.sum, &self.limbs);
        }
        factor.copy_from_slice(&work.sum);
    }

    /// Adds `digit * other` to the sum, and as many times the modulus as make its last limb zero, which it drops.
    #[inline]
    fn add_row(&self, digit: u32, other: &[u32], work: &mut Work) {
        let (Some((first, others)), Some((modulus, moduli)), Some((sum, sums))) =
            (other.split_first(), self.limbs.split_first(), work.sum.split_first())
        else {
            return;
        };
        let digit = u64::from(digit);
        let product = digit * u64::from(*first) + u64::from(*sum);
        let times = u64::from(low(product).wrapping_mul(self.inverse));
        let mut carry = product >> 32;
        let mut folded = (times * u64::from(*modulus) + u64::from(low(product))) >> 32;
        let rows = others.iter().zip(moduli).zip(sums);
        for (((other, modulus), sum), next) in rows.zip(work.next.iter_mut()) {
            let product = digit * u64::from(*other) + u64::from(*sum) + carry;
            carry = product >> 32;
            let reduced = times * u64::from(*modulus) + u64::from(low(product)) + folded;
            folded = reduced >> 32;
            *next = low(reduced);
        }
        let top = u64::from(work.top) + carry + folded;
        if let Some(last) = work.next.last_mut() {
            *last = low(top);
        }
        work.top = low(top >> 32);
        std::mem::swap(&mut work.sum, &mut work.next);
    }

    /// By doubling: slow, and done once for a key.
    fn square_of_r(&self) -> Vec<u32> {
        let mut value = vec![0; self.limbs.len()];
        if let Some(first) = value.first_mut() {
            *first = 1;
        }
        for _ in 0..self.limbs.len() * 64 {
            let mut carry = 0;
            for limb in &mut value {
                (*limb, carry) = (*limb << 1 | carry, *limb >> 31);
            }
            if carry != 0 || !is_below(&value, &self.limbs) {
                subtract(&mut value, &self.limbs);
            }
        }
        value
    }
}

/// A sum on its way, of one limb more than the modulus, and where the next one is written.
struct Work {
    sum: Vec<u32>,
    top: u32,
    next: Vec<u32>,
}

impl Work {
    fn new(length: usize) -> Self {
        Self { sum: vec![0; length], top: 0, next: vec![0; length] }
    }

    fn clear(&mut self) {
        self.sum.fill(0);
        self.top = 0;
    }
}

fn low(number: u64) -> u32 {
    number as u32
}

/// Numbers of the same length.
fn is_below(number: &[u32], other: &[u32]) -> bool {
    number.iter().rev().lt(other.iter().rev())
}

/// Numbers of the same length; what is borrowed beyond the last limb is the caller's.
fn subtract(number: &mut [u32], other: &[u32]) {
    let mut borrow = false;
    for (limb, other) in number.iter_mut().zip(other) {
        let (difference, under) = limb.overflowing_sub(*other);
        let (difference, again) = difference.overflowing_sub(u32::from(borrow));
        (*limb, borrow) = (difference, under | again);
    }
}

fn limbs(bytes: &[u8]) -> Vec<u32> {
    let limb = |chunk: &[u8]| chunk.iter().fold(0, |limb, octet| limb << 8 | u32::from(*octet));
    bytes.rchunks(4).map(limb).collect()
}

/// The last `length` bytes, big-endian.
fn bytes(limbs: &[u32], length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    bytes.resize(length, 0);
    bytes.reverse();
    bytes
}
