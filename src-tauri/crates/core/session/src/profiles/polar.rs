//! Polar measurement data: starts the ECG stream and places its samples in time.
//! Not here: acceleration and optical streams, which are not asked for.
use super::Frame;
use super::offers;
use crate::input::Content;
use crate::preparation::Step;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::polar::{
    ControlReply, ControlRequest, ControlStatus, DataFrame, MeasurementKind, Samples, Setting, decode_settings,
};
use bedside_gatt::{DecodeError, uuids};
use bedside_vitals::{CorrectedTime, Parameter, Unit, WallTime, WaveformBlock};

/// The rate of the ECG of every sensor known so far (H10).
const HERTZ: u16 = 130;
const NANOSECONDS: i64 = 1_000_000_000;
/// A clock that jumped by more than this was set anew: the gap is then told by the time of receipt.
const LONGEST_GAP_NS: i64 = 3_600 * NANOSECONDS;

/// Ask which settings the ECG can have: the reply leads to the start.
pub(super) fn start(services: &[DiscoveredService]) -> Option<Step> {
    let address = CharacteristicAddress {
        service: uuids::POLAR_MEASUREMENT_DATA_SERVICE,
        characteristic: uuids::POLAR_CONTROL_POINT,
    };
    let ask = ControlRequest::GetSettings(MeasurementKind::Ecg).encode().ok()?;
    offers(services, address).then_some(Step::Write(address, ask))
}

/// What to write after a reply of the control point: to the settings, the start with the first of each.
pub(crate) fn reply(bytes: &[u8]) -> Option<Vec<u8>> {
    let reply = ControlReply::decode(bytes).ok()?;
    let asked = ControlRequest::GetSettings(MeasurementKind::Ecg);
    if reply.operation != asked.operation() || reply.status != ControlStatus::Success {
        return None;
    }
    let chosen = |setting| match setting {
        Setting::SampleRateHertz(rates) => {
            Some(Setting::SampleRateHertz(vec![rates.iter().copied().find(|&rate| rate == HERTZ)?]))
        }
        Setting::ResolutionBits(bits) => Some(Setting::ResolutionBits(vec![*bits.first()?])),
        Setting::Range(_) | Setting::RangeMilliUnit(_) | Setting::Channels(_) | Setting::Factor(_) => None,
    };
    let settings = decode_settings(reply.parameters).ok()?.into_iter().filter_map(chosen).collect();
    ControlRequest::Start { kind: MeasurementKind::Ecg, settings }.encode().ok()
}

/// Where the samples of one connection lie: counted from its first one, gaps included.
#[derive(Default)]
pub(crate) struct EcgClock {
    begun: Option<Begun>,
}

struct Begun {
    first_sample: WallTime,
    next_index: u64,
    last_ns: u64,
}

/// One frame of samples.
pub(super) fn data(bytes: &[u8], frame: &Frame<'_>, clock: &mut EcgClock) -> Result<Vec<Content>, DecodeError> {
    let packet = DataFrame::decode(bytes)?;
    let Samples::Ecg(samples) = packet.samples else { return Ok(Vec::new()) };
    let count = samples.len() as u64;
    let received = frame.received();
    let begun = clock.begun.get_or_insert_with(|| {
        let before = millis(count.saturating_sub(1));
        let last_ns = packet.timestamp_ns.wrapping_sub(nanos(count) as u64);
        Begun { first_sample: received.at.plus_millis(-before), next_index: 0, last_ns }
    });
    let first_index = begun.next_index + begun.missing(packet.timestamp_ns, count, received.at);
    begun.next_index = first_index + count;
    begun.last_ns = packet.timestamp_ns;
    let at = begun.first_sample.plus_millis(millis(begun.next_index.saturating_sub(1)));
    Ok(vec![Content::Waveform(WaveformBlock {
        parameter: Parameter::Electrocardiogram,
        unit: Unit::Microvolt,
        hertz: HERTZ,
        last_sample: CorrectedTime { at, ..received },
        connection: frame.connection,
        first_index,
        samples,
    })])
}

impl Begun {
    /// Samples that were lost before a frame of `count` whose last sample the sensor took at `last_ns`.
    fn missing(&self, last_ns: u64, count: u64, received: WallTime) -> u64 {
        let step = i64::try_from(i128::from(last_ns) - i128::from(self.last_ns)).unwrap_or(i64::MAX);
        let extra_ns = if (0..LONGEST_GAP_NS).contains(&step) {
            step - nanos(count)
        } else {
            let expected = self.first_sample.plus_millis(millis(self.next_index + count));
            received.millis_since(expected).saturating_mul(NANOSECONDS / 1_000)
        };
        let samples = (i128::from(extra_ns) * i128::from(HERTZ) + i128::from(NANOSECONDS) / 2)
            .div_euclid(i128::from(NANOSECONDS));
        u64::try_from(samples).unwrap_or(0)
    }
}

const fn millis(samples: u64) -> i64 {
    (samples as i64).saturating_mul(1_000) / HERTZ as i64
}

const fn nanos(samples: u64) -> i64 {
    (samples as i64).saturating_mul(NANOSECONDS) / HERTZ as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Now;
    use bedside_vitals::{BootTime, ConnectionId};
    use uuid::Uuid;

    fn block(clock: &mut EcgClock, last_ns: i64, wall: i64) -> WaveformBlock {
        let bytes = DataFrame { timestamp_ns: last_ns as u64, samples: Samples::Ecg(vec![5; 65]) }.encode().unwrap();
        let now = Now { boot: BootTime::default(), wall: WallTime(wall), zone_offset_ms: 0 };
        let frame = Frame { connection: ConnectionId(Uuid::nil()), index: 0, clock: None, now };
        match data(&bytes, &frame, clock).unwrap().pop() {
            Some(Content::Waveform(block)) => block,
            other => panic!("expected samples, got {other:?}"),
        }
    }

    #[test]
    fn a_lost_frame_leaves_a_gap_of_its_length_and_jitter_leaves_none() {
        let mut clock = EcgClock::default();
        let half_second = NANOSECONDS / 2;
        assert_eq!(block(&mut clock, 0, 10_000).first_index, 0);
        let second = block(&mut clock, half_second + 1_000_000, 10_700);
        assert_eq!((second.first_index, second.last_sample.at), (65, WallTime(9_508 + 129 * 1000 / 130)));
        let after_loss = block(&mut clock, 3 * half_second + 1_000_000, 11_500);
        assert_eq!(after_loss.first_index, 195);
    }

    #[test]
    fn a_clock_set_anew_is_bridged_by_the_time_of_receipt() {
        let mut clock = EcgClock::default();
        block(&mut clock, 100 * NANOSECONDS, 10_000);
        assert_eq!(block(&mut clock, 7, 11_500).first_index, 65 + 129, "the receipt says about a second");
        assert_eq!(block(&mut clock, NANOSECONDS / 2 + 7, 12_000).first_index, 65 + 129 + 65);
    }
}
