//! What a walk does next, by chance that repeats itself, and where it has been.

use std::fmt::Debug;

/// SplitMix64: small, and the same on every machine.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("it is below a length")
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.index(from.len())) }
    }
}

/// Where a walk has been. Told if it ends in a panic.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) seed: u64,
    pub(super) steps: Vec<String>,
}

impl Trail {
    pub(super) fn note(&mut self, intent: &str, details: impl Debug) {
        self.steps.push(format!("{intent} {details:?}"));
    }
}

impl Drop for Trail {
    #[allow(clippy::print_stderr, reason = "it is the test's output")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("walk {} failed after:\n{}", self.seed, self.steps.join("\n"));
        }
    }
}
