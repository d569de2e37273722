//! Where chance comes from: secrets, keys, jitter. Passed in, so that a test can fix it.

/// A source of randomness.
pub trait Chance: Send + Sync + 'static {
    /// Fills the buffer with bytes that nobody can predict.
    fn fill(&self, buffer: &mut [u8]);

    /// A number from 0.0 (inclusive) to 1.0 (exclusive).
    fn unit(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("Linux's getrandom does not fail once the system is up");
    }
}
