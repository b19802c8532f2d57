//! A pulse wave without time stamps: samples are counted at their pace, and a pause of the receipt is a gap.
//! Not here: waves whose sensor says when its samples were taken (`polar`).
use super::Frame;
use crate::input::Content;
use alloc::vec::Vec;
use bedside_vitals::{CorrectedTime, Parameter, Unit, WallTime, WaveformBlock};

/// Radio and system hold values back for this long without any being lost.
const JITTER_MS: i64 = 500;

/// Where the samples of one connection lie.
#[derive(Default)]
pub(super) struct PulseWave {
    /// The time of the first sample, and the index of the next.
    begun: Option<(WallTime, u64)>,
}

impl PulseWave {
    /// The block of samples that came just now; `None` without samples.
    pub(super) fn block(&mut self, samples: Vec<i32>, hertz: u16, frame: &Frame<'_>) -> Option<Content> {
        let count = samples.len() as u64;
        let pace = i64::from(hertz.max(1));
        let millis = |samples: u64| (samples as i64).saturating_mul(1_000) / pace;
        let received = frame.received();
        let before_last = millis(count.checked_sub(1)?);
        let (first_sample, next) = self.begun.get_or_insert((received.at.plus_millis(-before_last), 0));
        let expected = first_sample.plus_millis(millis(*next + count - 1));
        let late = received.at.millis_since(expected);
        let missing = if late > JITTER_MS { late * pace / 1_000 } else { 0 };
        let first_index = *next + u64::try_from(missing).unwrap_or(0);
        *next = first_index + count;
        let at = first_sample.plus_millis(millis(*next - 1));
        Some(Content::Waveform(WaveformBlock {
            parameter: Parameter::Plethysmogram,
            unit: Unit::One,
            hertz,
            last_sample: CorrectedTime { at, ..received },
            connection: frame.connection,
            first_index,
            samples,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, frame};
    use super::*;
    use crate::input::Now;

    fn first_index(wave: &mut PulseWave, after_ms: i64) -> u64 {
        let frame = Frame { now: Now { wall: NOW.wall.plus_millis(after_ms), ..NOW }, ..frame() };
        match wave.block([40; 4].into(), 100, &frame) {
            Some(Content::Waveform(block)) => block.first_index,
            other => panic!("expected samples, got {other:?}"),
        }
    }

    #[test]
    fn jitter_is_no_gap_and_a_pause_is() {
        let mut wave = PulseWave::default();
        assert_eq!(first_index(&mut wave, 0), 0);
        assert_eq!(first_index(&mut wave, 300), 4);
        assert_eq!(first_index(&mut wave, 310), 8);
        assert_eq!(first_index(&mut wave, 2_310), 231, "as many as two seconds and a little hold");
        assert!(wave.block(Vec::new(), 100, &frame()).is_none());
    }
}
