//! The oximeter that sends its pulse wave, in the way of BerryMed's BM1000: 100 packets a second, four to a value.
//! The pulse is that of the bed's heart; the wave is drawn from its beats.
use super::{Model, Moment, Outcome, Subscriptions, characteristic, counted, value, whole};
use crate::heart::{Beat, Heart, RateMeter};
use crate::ledger::{Condition, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::uuids;
use bedside_gatt::vendor::berrymed::BerryMedPacket;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Number, Parameter, Special, Unit};
use std::time::Duration;
use uuid::Uuid;

/// The oximeter.
pub(crate) struct PlethOximeter {
    heart: Heart,
    meter: RateMeter,
    random: Random,
    saturation: Walk,
    shown: i64,
    last_beat: Option<Beat>,
    /// Packets so far.
    packets: u64,
    phase: Duration,
    touches: bool,
    /// When the values of the moment were last told apart from the wave.
    told: Option<Duration>,
}

const PACKETS: CharacteristicAddress =
    CharacteristicAddress { service: uuids::BERRYMED_SERVICE, characteristic: uuids::BERRYMED_PACKETS };
const PACKET: Duration = Duration::from_millis(10);
/// Packets in one notification.
const TOGETHER: u64 = 4;
/// The saturation moves once in so many packets.
const SATURATION_EVERY: u64 = 100;

impl PlethOximeter {
    /// On the finger of a person whose saturation is usually `usual_percent`.
    pub(crate) fn new(heart: Heart, usual_percent: u8, random: Random, phase: Duration) -> Self {
        let usual = i64::from(usual_percent);
        Self {
            heart,
            meter: RateMeter::over(8),
            random,
            saturation: Walk::new(usual, (usual - 3, (usual + 2).min(100)), 1),
            shown: usual,
            last_beat: None,
            packets: 0,
            phase,
            touches: true,
            told: None,
        }
    }

    fn at(&self, packet: u64) -> Duration {
        self.phase + PACKET * u32::try_from(packet).unwrap_or(u32::MAX)
    }

    fn packet(&mut self) -> BerryMedPacket {
        let (before, now) = (self.at(self.packets), self.at(self.packets + 1));
        self.packets += 1;
        if self.packets.is_multiple_of(SATURATION_EVERY) {
            self.shown = self.saturation.step(&mut self.random);
        }
        let beats = self.heart.beats(before, now);
        self.meter.hear(&beats);
        self.last_beat = beats.last().copied().or(self.last_beat);
        let wave = self.last_beat.map_or(0, |beat| height(now.saturating_sub(beat.at), beat.interval));
        let (pleth, pulse, saturation) = match self.touches {
            true => (wave, self.meter.per_minute(), Some(self.shown)),
            false => (0, None, None),
        };
        BerryMedPacket {
            signal_strength: if self.touches { 8 } else { 0 },
            no_signal: !self.touches,
            probe_unplugged: false,
            beat: !beats.is_empty() && self.touches,
            pleth,
            bar: pleth / 8,
            finger_present: self.touches,
            searching: false,
            pulse_rate_bpm: pulse.and_then(|rate| u8::try_from(rate).ok()).filter(|rate| *rate < 255),
            spo2_percent: saturation.and_then(|percent| u8::try_from(percent).ok()),
        }
    }
}

/// The height of the wave so long after a beat: a steep rise, a fall, and a second, lower crest.
fn height(since: Duration, interval: Duration) -> u8 {
    let whole = interval.as_millis().max(1);
    let thousandth = (since.as_millis() * 1_000 / whole).min(1_000) as i64;
    // Smooth at the corners, as blood is: 3t² - 2t³ between two of them.
    let between = |from: (i64, i64), to: (i64, i64)| {
        let part = 1_000 * (thousandth - from.0) / (to.0 - from.0);
        from.1 + (to.1 - from.1) * (part * part * (3_000 - 2 * part) / 1_000_000) / 1_000
    };
    let corners = [(0, 10), (180, 96), (420, 48), (500, 56), (1_000, 10)];
    let part = corners.windows(2).find(|pair| thousandth <= pair[1].0);
    part.map_or(10, |pair| between(pair[0], pair[1])) as u8
}

impl Model for PlethOximeter {
    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::BERRYMED_SERVICE,
            characteristics: vec![characteristic(uuids::BERRYMED_PACKETS, "n")],
        }]
    }

    fn due(&self) -> Option<Duration> {
        Some(self.at(self.packets + TOGETHER))
    }

    fn step(&mut self, moment: Moment<'_>, _subscriptions: &Subscriptions) -> Vec<Outcome> {
        if self.due().is_some_and(|due| moment.now < due) {
            return Vec::new();
        }
        let packets: Vec<BerryMedPacket> = (0..TOGETHER).map(|_| self.packet()).collect();
        let octets = packets.iter().map(BerryMedPacket::encode).collect::<Result<Vec<_>, _>>().map(|all| all.concat());
        let pleth = |packet: &BerryMedPacket| counted(Parameter::Plethysmogram, whole(packet.pleth), Unit::One);
        let mut values: Vec<LedgerValue> = packets.iter().map(pleth).collect();
        // A console takes the values of the moment once a second, from the last packet of a value.
        if let Some(last) = packets.last().filter(|_| self.told.is_none_or(|told| moment.now - told >= EVERY)) {
            self.told = Some(moment.now);
            let number = |found: Option<u8>| found.map_or(Number::Special(Special::NotANumber), whole);
            values.push(counted(Parameter::OxygenSaturation, number(last.spo2_percent), Unit::Percent));
            values.push(counted(Parameter::OximeterPulseRate, number(last.pulse_rate_bpm), Unit::PerMinute));
        }
        let conditions = if self.touches { Vec::new() } else { vec![Condition::NoContact] };
        value(PACKETS, octets, values, conditions).into_iter().collect()
    }

    fn read(&self, _characteristic: Uuid) -> Option<Vec<u8>> {
        None
    }

    fn linked(&mut self, _now: Duration) {
        self.told = None;
    }

    fn contact(&mut self, touches: bool) {
        self.touches = touches;
    }
}

const EVERY: Duration = Duration::from_secs(1);
