//! One sweeping wave of the open patient: gaps told by time, samples paced out at paper speed, pulse waves scaled.
//! Not here: which waves are shown, and what a sweep looks like (`bedside-charts`).
use crate::request::StripCanvas;
use crate::snapshot::StripKind;
use bedside_charts::{Pace, SweepLayout, SweepPaper, SweepScale, SweepStrip};
use bedside_vitals::{DeviceId, Parameter, WallTime, WaveformBlock};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// A sensor sends its samples in bursts; after so long without one the sweep goes on over a gap.
const SILENCE: Duration = Duration::from_millis(1_500);
/// The pace of the paper before the first sample.
const USUAL_HERTZ: u16 = 130;

/// One wave.
pub(crate) struct Wave {
    kind: StripKind,
    device: DeviceId,
    hertz: u16,
    strip: Option<SweepStrip>,
    gain: Gain,
    last_sample: WallTime,
    last_block: Instant,
    last_frame: Instant,
    /// Missing samples that were pushed since the last real one.
    bridged: u64,
    pace: Pace,
}

impl Wave {
    /// A wave that begins with this block.
    pub(crate) fn new(kind: StripKind, device: DeviceId, block: &WaveformBlock, canvas: Option<&StripCanvas>) -> Self {
        let now = Instant::now();
        let hertz = block.hertz;
        let first = before_last(block, hertz);
        Self {
            kind,
            device,
            hertz,
            strip: canvas.and_then(|canvas| sweep(canvas, hertz)),
            gain: Gain::default(),
            last_sample: first.plus_millis(-1_000 / i64::from(hertz.max(1))),
            last_block: now,
            last_frame: now,
            bridged: 0,
            pace: Pace::new(hertz),
        }
    }

    /// Which strip it is drawn on.
    pub(crate) const fn kind(&self) -> StripKind {
        self.kind
    }

    /// Samples a second.
    pub(crate) const fn hertz(&self) -> u16 {
        self.hertz
    }

    /// Whether a block is of the same device and pace.
    pub(crate) fn continues(&self, device: DeviceId, block: &WaveformBlock) -> bool {
        (self.device, self.hertz) == (device, block.hertz)
    }

    /// Another canvas, or none.
    pub(crate) fn use_canvas(&mut self, canvas: Option<&StripCanvas>) {
        self.strip = canvas.and_then(|canvas| sweep(canvas, self.hertz));
    }

    /// Takes samples, after the gap before them.
    pub(crate) fn take(&mut self, block: &WaveformBlock) {
        let first = before_last(block, self.hertz);
        let missing = (first.millis_since(self.last_sample) * i64::from(self.hertz.max(1)) + 500) / 1_000 - 1;
        let missing = u64::try_from(missing).unwrap_or(0).saturating_sub(self.bridged);
        if let Some(strip) = self.strip.as_mut().filter(|_| missing > 1) {
            strip.push_gap(missing);
        }
        self.last_sample = block.last_sample.at;
        self.last_block = Instant::now();
        self.bridged = 0;
        let fitted = match self.kind {
            StripKind::Plethysmogram => Some(self.gain.fit(&block.samples, self.hertz)),
            StripKind::Electrocardiogram | StripKind::BeatIntervals | StripKind::Trend => None,
        };
        if let Some(strip) = &mut self.strip {
            strip.push(fitted.as_deref().unwrap_or(&block.samples));
        }
    }

    /// Writes what one frame adds.
    pub(crate) fn draw(&mut self, bytes: &mut Vec<u8>) {
        let Some(strip) = &mut self.strip else { return };
        let passed = self.last_frame.elapsed();
        self.last_frame = Instant::now();
        if strip.waiting() == 0 && self.last_block.elapsed() > SILENCE {
            // The sweep goes on over a gap: an old trace must not stand there as if it were new.
            let missing = (self.last_block.elapsed() - SILENCE).as_millis() as u64 * u64::from(self.hertz) / 1_000;
            strip.push_gap(missing.saturating_sub(self.bridged));
            self.bridged = self.bridged.max(missing);
            strip.draw(bytes, u64::MAX);
            return;
        }
        let due = self.pace.due(passed, strip.waiting());
        strip.draw(bytes, due);
    }
}

/// The paper under a wave.
pub(crate) fn paper(canvas: &StripCanvas, hertz: Option<u16>) -> SweepPaper {
    SweepPaper { layout: layout(canvas, hertz.unwrap_or(USUAL_HERTZ)), theme: canvas.theme }
}

/// A pulse wave has no unit and a level that depends on skin and light: the last seconds fill the strip.
#[derive(Default)]
struct Gain {
    recent: VecDeque<i32>,
}

impl Gain {
    /// The samples between 0 and [`FULL`], by the lowest and the highest of the last seconds.
    fn fit(&mut self, samples: &[i32], hertz: u16) -> Vec<i32> {
        self.recent.extend(samples);
        let most = usize::from(hertz.max(1)) * GAIN_SECONDS;
        while self.recent.len() > most {
            self.recent.pop_front();
        }
        let extremes = self.recent.iter().fold(None, |found: Option<(i32, i32)>, &sample| {
            Some(found.map_or((sample, sample), |(low, high)| (low.min(sample), high.max(sample))))
        });
        let Some((low, high)) = extremes else { return Vec::new() };
        let span = (i64::from(high) - i64::from(low)).max(1);
        let room = i64::from(FULL - ABOVE - BELOW);
        let fitted = |sample: &i32| BELOW + ((i64::from(*sample) - i64::from(low)) * room / span) as i32;
        samples.iter().map(fitted).collect()
    }
}

/// Over this many seconds the height is chosen: at least one beat of the slowest heart.
const GAIN_SECONDS: usize = 4;
/// The top of a strip without a unit.
const FULL: i32 = 1_000;
/// Air above, where the strip's name stands, …
const ABOVE: i32 = 180;
/// … and below.
const BELOW: i32 = 80;

fn before_last(block: &WaveformBlock, hertz: u16) -> WallTime {
    let after_first = block.samples.len() as i64 - 1;
    block.last_sample.at.plus_millis(-(after_first * 1_000 / i64::from(hertz.max(1))))
}

fn sweep(canvas: &StripCanvas, hertz: u16) -> Option<SweepStrip> {
    let parameter = match canvas.kind {
        StripKind::Plethysmogram => Parameter::Plethysmogram,
        StripKind::Electrocardiogram | StripKind::BeatIntervals | StripKind::Trend => Parameter::Electrocardiogram,
    };
    SweepStrip::new(layout(canvas, hertz), canvas.theme.of(parameter), canvas.theme.text_third)
        .inspect_err(|error| tracing::warn!(code = "STRIP", %error, "a strip cannot be drawn"))
        .ok()
}

fn layout(canvas: &StripCanvas, hertz: u16) -> SweepLayout {
    let scale = match canvas.kind {
        StripKind::Plethysmogram => SweepScale::Between { lowest: 0, highest: FULL },
        StripKind::Electrocardiogram | StripKind::BeatIntervals | StripKind::Trend => {
            SweepScale::Paper { millimetres_per_millivolt: 10 }
        }
    };
    SweepLayout {
        width: canvas.width,
        height: canvas.height,
        millimetre: (canvas.pixels_per_mm * 1_000.0) as u32,
        hertz,
        scale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_wave_fills_its_strip_whatever_its_level() {
        let wave: Vec<i32> = (0..200).map(|step| 8_000_000 + (step % 50) * 100).collect();
        let fitted = Gain::default().fit(&wave, 50);
        assert_eq!((fitted.iter().min(), fitted.iter().max()), (Some(&BELOW), Some(&(FULL - ABOVE))));
        let mut flat = Gain::default();
        assert_eq!(flat.fit(&[i32::MAX; 3], 50), [BELOW; 3]);
        assert_eq!(flat.fit(&[i32::MIN], 50), [BELOW], "the widest span does not overflow");
    }

    #[test]
    fn an_old_level_is_forgotten_after_some_seconds() {
        let mut gain = Gain::default();
        gain.fit(&[0; 10], 10);
        let later: Vec<i32> = (0..40).map(|step| 1_000 + step % 2).collect();
        let fitted = gain.fit(&later, 10);
        assert_eq!(fitted.iter().max(), Some(&(FULL - ABOVE)));
        assert_eq!(fitted.iter().min(), Some(&BELOW));
    }
}
