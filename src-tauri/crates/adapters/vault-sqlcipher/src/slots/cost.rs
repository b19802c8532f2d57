//! How dear it is to try a passphrase: Argon2id's memory and passes, and how they are chosen on this computer.
//! Not here: what is derived from its outcome (`derive`).
use argon2::{Algorithm, Argon2, Block, Params, Version};
use bedside_console::ports::StoreFault;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What one derivation of a passphrase costs (RFC 9106, Argon2id, one lane).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    /// KiB of memory.
    pub(super) memory_kib: u32,
    /// Passes over it.
    pub(super) passes: u32,
}

impl PassphraseCost {
    /// The least that is ever written, and the least that is read: 19 MiB and two passes (OWASP). For tests.
    pub const FLOOR: Self = Self { memory_kib: 19 * 1024, passes: 2 };

    /// Where the choice begins: 64 MiB and three passes take 0.4 s on a computer of these years.
    const START: Self = Self { memory_kib: 64 * 1024, passes: 3 };

    /// The most that a slot file may ask for: more would only keep a clinician waiting.
    const MOST: Self = Self { memory_kib: 512 * 1024, passes: 64 };
    const MOST_WORK: u64 = 64 * 1024 * 64;

    /// Between these a derivation should take.
    const SLOW_ENOUGH: Duration = Duration::from_millis(300);
    const QUICK_ENOUGH: Duration = Duration::from_millis(700);
    const MIDDLE: Duration = Duration::from_millis(450);

    /// A cost as stored. `None` when it is below the floor or beyond reason.
    pub(super) fn of_file(memory_kib: u32, passes: u32) -> Option<Self> {
        let fine = (Self::FLOOR.memory_kib..=Self::MOST.memory_kib).contains(&memory_kib)
            && (Self::FLOOR.passes..=Self::MOST.passes).contains(&passes)
            && u64::from(memory_kib) * u64::from(passes) <= Self::MOST_WORK;
        fine.then_some(Self { memory_kib, passes })
    }

    /// The cost at which a derivation takes 300 to 700 ms on this computer now, never below the floor. Takes about 1 s.
    pub(crate) fn calibrated() -> Self {
        Self::chosen(|cost| {
            // The quicker of two: what else runs now should make nobody's slot weaker.
            let once = || {
                let begin = Instant::now();
                cost.stretch(b"calibration", &[0; 16]).map(|_| begin.elapsed())
            };
            once().and_then(|first| Ok(first.min(once()?))).unwrap_or(Duration::ZERO)
        })
    }

    /// Passes first, then memory: memory is what makes guessing dear.
    fn chosen(mut measure: impl FnMut(Self) -> Duration) -> Self {
        let mut cost = Self::START;
        let fine = |took: Duration| (Self::SLOW_ENOUGH..=Self::QUICK_ENOUGH).contains(&took);
        // Each round aims at the middle by what the one before took; three are enough for a clock that tells the truth.
        for _ in 0..3 {
            let took = measure(cost).max(Duration::from_micros(100));
            if fine(took) {
                return cost;
            }
            let factor = Self::MIDDLE.as_secs_f64() / took.as_secs_f64();
            let passes = (f64::from(cost.passes) * factor).round();
            let memory = f64::from(cost.memory_kib);
            // Fewer than two passes are too few: then the memory gives way.
            let (passes, memory) = if passes >= f64::from(Self::FLOOR.passes) {
                (passes, memory)
            } else {
                (
                    f64::from(Self::FLOOR.passes),
                    memory * factor * f64::from(cost.passes) / f64::from(Self::FLOOR.passes),
                )
            };
            let next = Self {
                memory_kib: (memory as u32).clamp(Self::FLOOR.memory_kib, Self::MOST.memory_kib),
                passes: (passes as u32).clamp(Self::FLOOR.passes, Self::MOST.passes),
            };
            if next == cost {
                return cost;
            }
            cost = next;
        }
        cost
    }

    /// Argon2id of a passphrase.
    ///
    /// # Errors
    /// `Io` when there is not so much memory.
    pub(super) fn stretch(self, passphrase: &[u8], salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, StoreFault> {
        let fault = |_| StoreFault::Io("the passphrase could not be stretched: no memory for it".into());
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32)).map_err(fault)?;
        let mut memory = Vec::new();
        memory.try_reserve_exact(params.block_count()).map_err(|_| fault(argon2::Error::MemoryTooLittle))?;
        memory.resize(params.block_count(), Block::new());
        let mut memory = Zeroizing::new(memory);
        let mut out = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase, salt, out.as_mut_slice(), memory.as_mut_slice())
            .map_err(fault)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A computer that needs so many nanoseconds for a KiB and a pass.
    fn chosen_on(nanos: u64) -> (PassphraseCost, Duration) {
        let took =
            |cost: PassphraseCost| Duration::from_nanos(u64::from(cost.memory_kib) * u64::from(cost.passes) * nanos);
        let cost = PassphraseCost::chosen(took);
        (cost, took(cost))
    }

    #[test]
    fn the_cost_follows_the_speed_of_the_computer_between_floor_and_ceiling() {
        for nanos in [100, 400, 1_000, 2_000, 4_000, 8_000] {
            let (cost, took) = chosen_on(nanos);
            assert!((300..=700).contains(&took.as_millis()), "{nanos} ns: {cost:?} takes {took:?}");
            assert!(cost.memory_kib >= 19 * 1024 && cost.passes >= 2);
        }
        assert_eq!(chosen_on(2_000).0, PassphraseCost::START);
        assert_eq!(chosen_on(1_000).0.memory_kib, 64 * 1024, "memory stays while passes can give way");
        assert_eq!(chosen_on(500_000).0, PassphraseCost::FLOOR);
        assert_eq!(chosen_on(0).0.passes, PassphraseCost::MOST.passes);
    }

    #[test]
    fn a_stored_cost_below_the_floor_or_beyond_reason_is_none() {
        assert_eq!(PassphraseCost::of_file(19 * 1024, 2), Some(PassphraseCost::FLOOR));
        for (memory, passes) in
            [(19 * 1024 - 1, 2), (64 * 1024, 1), (0, 0), (u32::MAX, 3), (64 * 1024, 65), (512 * 1024, 64)]
        {
            assert_eq!(PassphraseCost::of_file(memory, passes), None, "{memory} {passes}");
        }
    }

    #[test]
    fn a_passphrase_is_stretched_to_the_same_octets_only_with_the_same_salt_and_cost() {
        let one = PassphraseCost::FLOOR.stretch(b"violet", &[1; 16]).unwrap();
        assert_eq!(PassphraseCost::FLOOR.stretch(b"violet", &[1; 16]).unwrap(), one);
        assert_ne!(PassphraseCost::FLOOR.stretch(b"violet", &[2; 16]).unwrap(), one);
        assert_ne!(PassphraseCost::FLOOR.stretch(b"violets", &[1; 16]).unwrap(), one);
        let dearer = PassphraseCost { passes: 3, ..PassphraseCost::FLOOR };
        assert_ne!(dearer.stretch(b"violet", &[1; 16]).unwrap(), one);
    }
}
