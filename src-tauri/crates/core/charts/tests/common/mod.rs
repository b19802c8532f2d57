//! What the tests and the measurements share: the bundled font and signals that are the same on every machine.
//! No assertions.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::expect_used)]
use bedside_charts::Advances;
use bedside_vitals::WallTime;

pub const FONT: &[u8] = include_bytes!("../../../../../../assets/fonts/IBMPlexSans-Regular.ttf");

/// 2026-03-18T14:06:00Z.
pub const NOW: WallTime = WallTime(1_773_842_760_000);

pub fn advances() -> Advances {
    Advances::of(FONT).expect("the bundled font")
}

/// Microvolts of a synthetic ECG: straight pieces between the points of one beat, whole numbers only.
pub fn electrocardiogram(hertz: u32, samples: u32) -> Vec<i32> {
    (0..samples).map(|i| beat_at(u64::from(i) * 1_000_000 / u64::from(hertz) % PERIOD)).collect()
}

/// One beat: microseconds and microvolts.
const BEAT: [(u64, i32); 12] = [
    (0, 0),
    (120_000, 20),
    (160_000, 130),
    (200_000, 10),
    (260_000, -5),
    (275_000, -110),
    (300_000, 1120),
    (325_000, -240),
    (345_000, 0),
    (480_000, 60),
    (560_000, 290),
    (640_000, 15),
];
const PERIOD: u64 = 830_000;

fn beat_at(time: u64) -> i32 {
    let next = BEAT.iter().position(|(at, _)| *at > time).unwrap_or(BEAT.len());
    let (from, low) = BEAT[next - 1];
    let (to, high) = BEAT.get(next).copied().unwrap_or((PERIOD, 0));
    low + ((i64::from(high) - i64::from(low)) * (time - from) as i64 / (to - from) as i64) as i32
}

/// Whole numbers from 0 to before `below` that look like chance and are always the same.
pub struct Noise(pub u64);

impl Noise {
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}
