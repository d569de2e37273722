//! Chance that repeats itself: the same secrets, keys and ids in every run of a test.

use std::sync::atomic::{AtomicU64, Ordering};

use herald_engine::Chance;

/// A source of bytes that follow from a seed, and of a [`Chance::unit`] that is always 0, so that
/// a jitter does not stretch anything.
#[derive(Debug)]
pub struct FixedChance {
    state: AtomicU64,
}

impl FixedChance {
    /// The chance of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// SplitMix64: a well-known small generator, with every bit as good as any other.
    fn next(&self) -> u64 {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 (inclusive) to `end` (exclusive).
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

impl Chance for FixedChance {
    fn fill(&self, buffer: &mut [u8]) {
        for piece in buffer.chunks_mut(8) {
            piece.copy_from_slice(&self.next().to_le_bytes()[..piece.len()]);
        }
    }

    fn unit(&self) -> f64 {
        0.0
    }
}
