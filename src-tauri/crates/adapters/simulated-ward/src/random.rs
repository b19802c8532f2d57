//! Randomness that only the scenario's seed decides, and slow physiological variation made of it.
//! Whole numbers only, so every platform computes the same ward.

/// A stream of pseudo-random numbers (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A stream of its own for each purpose of each device, so that one device never shifts another's values.
    pub(crate) fn new(seed: u64, device: &str, purpose: &str) -> Self {
        // FNV-1a over the names: stable, unlike the standard library's hasher.
        let mix = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3);
        let names = device.bytes().chain([0]).chain(purpose.bytes());
        Self(names.fold(0xCBF2_9CE4_8422_2325 ^ seed, mix))
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = most.abs_diff(least).saturating_add(1);
        least.min(most).wrapping_add((self.next() % width) as i64)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// A quantity that wanders around its usual value and never leaves its bounds.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// Where it is.
    pub(crate) value: i64,
    usual: i64,
    bounds: (i64, i64),
    stride: i64,
}

impl Walk {
    /// Starts at its usual value and moves by at most about `stride` a step.
    pub(crate) const fn new(usual: i64, bounds: (i64, i64), stride: i64) -> Self {
        Self { value: usual, usual, bounds, stride }
    }

    /// One step.
    pub(crate) fn step(&mut self, random: &mut Random) -> i64 {
        let pull = (self.usual - self.value) / 12;
        self.value += pull + random.between(-self.stride, self.stride);
        self.value = self.value.clamp(self.bounds.0, self.bounds.1);
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_names_give_the_same_numbers_and_others_do_not() {
        let numbers = |seed, device| {
            let mut random = Random::new(seed, device, "signal");
            (0..20).map(|_| random.between(0, 1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7, "cuff-1"), numbers(7, "cuff-1"));
        assert_ne!(numbers(7, "cuff-1"), numbers(8, "cuff-1"));
        assert_ne!(numbers(7, "cuff-1"), numbers(7, "cuff-2"));
    }

    #[test]
    fn a_walk_moves_and_stays_within_its_bounds() {
        let mut random = Random::new(1, "oximeter-1", "signal");
        let mut walk = Walk::new(970, (950, 990), 9);
        let values: Vec<i64> = (0..10_000).map(|_| walk.step(&mut random)).collect();
        assert!(values.iter().all(|value| (950..=990).contains(value)));
        assert!(values.iter().any(|value| *value < 960) && values.iter().any(|value| *value > 980));
    }
}
