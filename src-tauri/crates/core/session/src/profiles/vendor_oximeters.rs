//! Oximeters that speak their vendor's own frames: BerryMed with its pulse wave, Nonin, and the rings of Viatom.
//! Not here: the frames (`gatt::vendor`). A device that also has the Pulse Oximeter service is heard there (`quirks`).
use super::pulse_wave::PulseWave;
use super::{Frame, offers};
use crate::input::Content;
use crate::preparation::Step;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::uuids;
use bedside_gatt::vendor::berrymed::{BerryMedPacket, PacketStream};
use bedside_gatt::vendor::nonin::{NoninOximetry, NoninStatement};
use bedside_gatt::vendor::viatom::{Command, Frame as RingFrame, FrameStream, LiveSensors};
use bedside_vitals::{BootTime, Decimal, Number, Parameter, Quality, QualityFlag, Special, Unit};
use core::time::Duration;

/// Packets of a BerryMed oximeter in a second.
const BERRYMED_HERTZ: u16 = 100;
/// Values that come with each sample of the wave are taken once in this time.
const EVERY: Duration = Duration::from_secs(1);

/// What must be remembered between the values of one connection.
#[derive(Default)]
pub(super) struct VendorOximeters {
    berrymed: PacketStream,
    wave: PulseWave,
    told: Option<BootTime>,
    viatom: FrameStream,
    answered: bool,
}

/// Where a ring is asked.
const RING: CharacteristicAddress =
    CharacteristicAddress { service: uuids::VIATOM_SERVICE, characteristic: uuids::VIATOM_REQUESTS };

/// The first question to a ring: it tells nothing by itself, and each answer leads to the next question.
pub(super) fn start(services: &[DiscoveredService]) -> Option<Step> {
    offers(services, RING).then(ask).flatten()
}

fn ask() -> Option<Step> {
    RingFrame::request(Command::LiveSensors).encode().ok().map(|octets| Step::Write(RING, octets))
}

impl VendorOximeters {
    /// BerryMed: the samples of the wave, and once a second the values of the moment.
    pub(super) fn berrymed(&mut self, bytes: &[u8], frame: &Frame<'_>) -> Vec<Content> {
        let packets = self.berrymed.push(bytes);
        let samples = packets.iter().map(|packet| i32::from(packet.pleth)).collect();
        let mut contents: Vec<Content> = self.wave.block(samples, BERRYMED_HERTZ, frame).into_iter().collect();
        let due = self.told.is_none_or(|told| frame.now.boot.since(told) >= EVERY);
        if let Some(packet) = packets.last().filter(|_| due) {
            self.told = Some(frame.now.boot);
            contents.extend(moment(packet, frame));
        }
        contents
    }

    /// Viatom and Wellue rings: the answer to the question for the values of the moment, which may span notifications.
    pub(super) fn viatom(&mut self, bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
        let mut contents = Vec::new();
        for answer in self.viatom.push(bytes) {
            let live = LiveSensors::decode(&answer)?;
            self.answered = true;
            if self.told.is_some_and(|told| frame.now.boot.since(told) < EVERY) {
                continue;
            }
            self.told = Some(frame.now.boot);
            let (saturation, pulse) = live.found().unzip();
            let quality = Quality::GOOD.with_if(!live.finger_present, QualityFlag::NoContact);
            contents.extend(values(saturation.map(i64::from), pulse.map(i64::from), quality, frame));
        }
        Ok(contents)
    }
}

impl VendorOximeters {
    /// What to ask now that an answer is whole.
    pub(super) fn next_question(&mut self) -> Option<Step> {
        core::mem::take(&mut self.answered).then(ask).flatten()
    }
}

/// Nonin: a frame a second.
pub(super) fn nonin(bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
    let packet = NoninOximetry::decode(bytes)?;
    let missing = packet.spo2_percent.is_none() && packet.pulse_rate_bpm.is_none();
    let placed = packet.status.has(NoninStatement::CorrectCheck);
    let quality = Quality::GOOD
        .with_if(missing && !placed, QualityFlag::NoContact)
        .with_if(packet.status.has(NoninStatement::Searching), QualityFlag::PoorSignal);
    let (saturation, pulse) = (packet.spo2_percent.map(i64::from), packet.pulse_rate_bpm.map(i64::from));
    Ok(values(saturation, pulse, quality, frame).into())
}

fn moment(packet: &BerryMedPacket, frame: &Frame<'_>) -> [Content; 2] {
    let quality = Quality::GOOD
        .with_if(!packet.finger_present || packet.probe_unplugged, QualityFlag::NoContact)
        .with_if(packet.no_signal || packet.searching, QualityFlag::PoorSignal);
    values(packet.spo2_percent.map(i64::from), packet.pulse_rate_bpm.map(i64::from), quality, frame)
}

fn values(saturation: Option<i64>, pulse: Option<i64>, quality: Quality, frame: &Frame<'_>) -> [Content; 2] {
    let number = |found: Option<i64>| {
        found.map_or(Number::Special(Special::NotANumber), |number| Number::Value(Decimal::whole(number)))
    };
    [
        frame.streaming(Parameter::OxygenSaturation, number(saturation), Unit::Percent, quality),
        frame.streaming(Parameter::OximeterPulseRate, number(pulse), Unit::PerMinute, quality),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, frame};
    use super::*;
    use crate::input::Now;
    use bedside_vitals::MeasuredValue;

    const PACKET: BerryMedPacket = BerryMedPacket {
        signal_strength: 7,
        no_signal: false,
        probe_unplugged: false,
        beat: false,
        pleth: 55,
        bar: 4,
        finger_present: true,
        searching: false,
        pulse_rate_bpm: Some(72),
        spo2_percent: Some(97),
    };

    fn numbers(contents: &[Content]) -> Vec<(Parameter, Number, bool)> {
        let number = |content: &Content| match content {
            Content::Measurement(measurement) => match measurement.value {
                MeasuredValue::Single(quantity) => {
                    let touches = !measurement.quality.has(QualityFlag::NoContact);
                    Some((measurement.parameter, quantity.number, touches))
                }
                MeasuredValue::Pressures(_) => None,
            },
            _ => None,
        };
        contents.iter().filter_map(number).collect()
    }

    fn after(milliseconds: i64) -> Frame<'static> {
        let boot = NOW.boot.plus(Duration::from_millis(milliseconds as u64));
        Frame { now: Now { boot, wall: NOW.wall.plus_millis(milliseconds), ..NOW }, ..frame() }
    }

    #[test]
    fn every_sample_of_a_wave_is_kept_and_values_come_once_a_second() {
        let mut oximeters = VendorOximeters::default();
        let octets: Vec<u8> = (0..4).flat_map(|_| PACKET.encode().unwrap()).collect();
        let (mut samples, mut values) = (0, 0);
        for notification in 0..50 {
            let contents = oximeters.berrymed(&octets, &after(notification * 40));
            samples += contents
                .iter()
                .map(|content| match content {
                    Content::Waveform(block) => block.samples.len(),
                    _ => 0,
                })
                .sum::<usize>();
            values += numbers(&contents).len();
        }
        assert_eq!((samples, values), (200, 4), "two seconds: the two values, twice");
    }

    #[test]
    fn without_a_finger_there_is_a_state_and_no_number() {
        let mut oximeters = VendorOximeters::default();
        let out = BerryMedPacket { finger_present: false, pulse_rate_bpm: None, spo2_percent: None, ..PACKET };
        let contents = oximeters.berrymed(&out.encode().unwrap(), &frame());
        let nothing = Number::Special(Special::NotANumber);
        let expected = [Parameter::OxygenSaturation, Parameter::OximeterPulseRate].map(|p| (p, nothing, false));
        assert_eq!(numbers(&contents), expected);
    }

    #[test]
    fn an_answer_of_a_ring_over_two_notifications_is_one() {
        let live = LiveSensors {
            spo2_percent: 96,
            pulse_rate_bpm: 61,
            battery_percent: 80,
            charging: false,
            motion: 0,
            signal_strength: 9,
            finger_present: true,
        };
        let octets = live.encode().unwrap();
        let mut oximeters = VendorOximeters::default();
        assert!(oximeters.viatom(&octets[..12], &frame()).unwrap().is_empty());
        assert!(oximeters.next_question().is_none());
        let contents = oximeters.viatom(&octets[12..], &frame()).unwrap();
        assert!(matches!(oximeters.next_question(), Some(Step::Write(at, _)) if at == RING));
        assert!(oximeters.next_question().is_none(), "one question for each answer");
        let number = |n| Number::Value(Decimal::whole(n));
        assert_eq!(
            numbers(&contents),
            [(Parameter::OxygenSaturation, number(96), true), (Parameter::OximeterPulseRate, number(61), true)]
        );
    }

    #[test]
    fn a_nonin_frame_without_values_and_finger_is_no_contact() {
        let packet = NoninOximetry {
            status: Default::default(),
            battery_decivolts: 30,
            pulse_amplitude_index: 0,
            counter: 5,
            spo2_percent: None,
            pulse_rate_bpm: None,
        };
        let contents = nonin(&packet.encode().unwrap(), &frame()).unwrap();
        assert!(numbers(&contents).iter().all(|(_, number, touches)| number.value().is_none() && !touches));
    }
}
