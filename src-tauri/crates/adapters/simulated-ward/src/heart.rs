//! Hearts that beat in the ward's time: a recording played in a loop, asked for the beats of any span.
//! Which device hears which heart is decided in `station.rs`.
use crate::recording::{self, ECG_HERTZ};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// One beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    /// When, since the ward began.
    pub(crate) at: Duration,
    /// Since the beat before.
    pub(crate) interval: Duration,
}

/// A heart that repeats its recording for ever.
#[derive(Clone, Debug)]
pub(crate) struct Heart {
    beats: Arc<[Beat]>,
    length: Duration,
}

/// The hearts of the ward and the ECG of the first.
pub(crate) struct Hearts {
    /// One a bed, beds 1 to 4.
    pub(crate) by_bed: [Heart; 4],
    /// Microvolts at 130 Hz; sample 0 is at the ward's beginning.
    pub(crate) ecg: Arc<[i32]>,
}

impl Hearts {
    /// Bed 1 is the person of the ECG; beds 2 to 4 those of the beat intervals.
    pub(crate) fn new() -> Self {
        let ecg = recording::ecg();
        let first = Heart::from_peaks(&ecg.peaks, ecg.samples.len());
        let [second, third, fourth] = recording::beat_intervals_ms().map(|intervals| Heart::from_intervals(&intervals));
        Self { by_bed: [first, second, third, fourth], ecg: ecg.samples.into() }
    }
}

impl Heart {
    fn from_peaks(peaks: &[usize], samples: usize) -> Self {
        let over_the_seam = peaks.first().zip(peaks.last()).map_or(0, |(first, last)| first + samples - last);
        let intervals = std::iter::once(over_the_seam).chain(peaks.windows(2).map(|pair| pair[1] - pair[0]));
        let beats = peaks.iter().zip(intervals).map(|(peak, interval)| Beat {
            at: time_of_sample(*peak as u64),
            interval: time_of_sample(interval as u64),
        });
        Self { beats: beats.collect(), length: time_of_sample(samples as u64) }
    }

    fn from_intervals(intervals_ms: &[u64]) -> Self {
        let mut at = Duration::ZERO;
        let mut beats = Vec::with_capacity(intervals_ms.len());
        for interval in intervals_ms.iter().copied().map(Duration::from_millis) {
            at += interval;
            beats.push(Beat { at, interval });
        }
        Self { beats: beats.into(), length: at }
    }

    /// The beats later than `after`, up to and with `until`.
    pub(crate) fn beats(&self, after: Duration, until: Duration) -> Vec<Beat> {
        if self.beats.is_empty() || self.length.is_zero() {
            return Vec::new();
        }
        let mut round = (after.as_nanos() / self.length.as_nanos()) as u32;
        let mut found = Vec::new();
        loop {
            let begin = self.length * round;
            // A recording that ends with a beat holds one at its full length, heard again at the next round's zero.
            let skipped = self.beats.partition_point(|beat| begin + beat.at <= after);
            for beat in &self.beats[skipped..] {
                let at = begin + beat.at;
                if at > until {
                    return found;
                }
                found.push(Beat { at, interval: beat.interval });
            }
            round += 1;
            if self.length * round > until {
                return found;
            }
        }
    }
}

/// When an ECG sample is taken, since the ward began.
pub(crate) fn time_of_sample(index: u64) -> Duration {
    Duration::from_nanos((u128::from(index) * 1_000_000_000 / u128::from(ECG_HERTZ)) as u64)
}

/// The rate that a sensor shows: the mean of the last intervals.
#[derive(Clone, Debug)]
pub(crate) struct RateMeter {
    intervals: VecDeque<Duration>,
    over: usize,
}

impl RateMeter {
    /// Over this many beats.
    pub(crate) fn over(beats: usize) -> Self {
        Self { intervals: VecDeque::new(), over: beats }
    }

    /// Hears beats.
    pub(crate) fn hear(&mut self, beats: &[Beat]) {
        self.intervals.extend(beats.iter().map(|beat| beat.interval));
        while self.intervals.len() > self.over {
            self.intervals.pop_front();
        }
    }

    /// Forgets what it heard.
    pub(crate) fn reset(&mut self) {
        self.intervals.clear();
    }

    /// Beats a minute, rounded to a whole number from 1 to 300; `None` before the first beat.
    pub(crate) fn per_minute(&self) -> Option<u16> {
        let total: u128 = self.intervals.iter().map(Duration::as_nanos).sum();
        if total == 0 {
            return None;
        }
        let minute = 60_000_000_000 * self.intervals.len() as u128;
        Some(((minute + total / 2) / total).clamp(1, 300) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_second_by_second_hears_every_beat_once_over_many_rounds() {
        for heart in Hearts::new().by_bed {
            let end = heart.length * 2 + Duration::from_secs(30);
            let whole = heart.beats(Duration::ZERO, end);
            let mut pieces = Vec::new();
            let mut at = Duration::ZERO;
            while at < end {
                let next = (at + Duration::from_millis(777)).min(end);
                pieces.extend(heart.beats(at, next));
                at = next;
            }
            assert_eq!(pieces, whole);
            assert!(whole.len() > heart.beats.len() * 2);
        }
    }

    #[test]
    fn each_interval_is_the_time_since_the_beat_before_also_at_the_seam() {
        let heart = &Hearts::new().by_bed[0];
        let beats = heart.beats(Duration::ZERO, heart.length * 2);
        for pair in beats.windows(2) {
            let apart = pair[1].at - pair[0].at;
            assert!(apart.abs_diff(pair[1].interval) < Duration::from_micros(1), "{pair:?}");
        }
    }

    #[test]
    fn a_rate_is_the_mean_of_the_last_beats() {
        let mut meter = RateMeter::over(2);
        assert_eq!(meter.per_minute(), None);
        let beat = |ms| Beat { at: Duration::ZERO, interval: Duration::from_millis(ms) };
        meter.hear(&[beat(300), beat(800), beat(1200)]);
        assert_eq!(meter.per_minute(), Some(60));
    }
}
