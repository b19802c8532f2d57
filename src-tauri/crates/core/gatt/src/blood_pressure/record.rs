//! Blood Pressure Record 0x2B36 (Blood Pressure 1.1): segments of a stored value, joined and checked.
//! Asking for records is the record access control point's work; which records are known is the sessions'.
use super::{
    BloodPressureMeasurement, EnhancedBloodPressureMeasurement, EnhancedCuffPressure, IntermediateCuffPressure,
};
use crate::end_to_end_check::{CHECK_SUM_SIZE, check_sum_of};
use crate::error::{Characteristic, DecodeError};
use crate::generic_health::{Loss, Segment, SegmentJoiner};
use crate::reader::Reader;
use alloc::vec::Vec;

const BLOOD_PRESSURE_RECORD: Characteristic = Characteristic::named("Blood Pressure Record");

/// Octets of a stored value: no value of a characteristic is larger (Core specification, attribute length).
const LARGEST_VALUE: usize = 512;
const HEAD_SIZE: usize = 4;
const LARGEST_BODY: usize = HEAD_SIZE + LARGEST_VALUE + CHECK_SUM_SIZE;
/// A segment has room for its header and the head of a record, which is never cut in two.
const SMALLEST_SEGMENT: usize = 1 + HEAD_SIZE;
const COUNTER_MODULUS: usize = 64;

/// One notification: a part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordSegment<'a> {
    /// The record ends here.
    pub last: bool,
    /// Counts segments, 0 to 63 and again from 0.
    pub counter: u8,
    /// Which record it is, in its first segment.
    pub head: Option<RecordHead>,
    /// The part of the stored value; in the last segment with the check sum behind it, where the device has one.
    pub data: &'a [u8],
}

/// Which record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordHead {
    /// The number of the record: counts from 0 for each user and begins again after 65535.
    pub sequence_number: u16,
    /// The 16-bit number of the characteristic whose value was stored.
    pub characteristic: u16,
}

/// A whole record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BloodPressureRecord {
    /// Which one it is.
    pub head: RecordHead,
    /// The stored value, as its characteristic would send it.
    pub value: Vec<u8>,
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedValue {
    /// A value of 0x2B34.
    Enhanced(EnhancedBloodPressureMeasurement),
    /// A value of 0x2B35.
    EnhancedCuffPressure(EnhancedCuffPressure),
    /// A value of 0x2A35.
    Measurement(BloodPressureMeasurement),
    /// A value of 0x2A36.
    CuffPressure(IntermediateCuffPressure),
    /// A value of another characteristic, by its 16-bit number.
    Other(u16),
}

/// Joins the segments of one download.
#[derive(Clone, Debug)]
pub struct RecordJoiner {
    check_sums: bool,
    joiner: SegmentJoiner,
    /// The segments of the present record as they came, headers included.
    segments: Vec<u8>,
}

/// What a segment brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordOutcome {
    /// The record that it completed.
    pub record: Option<BloodPressureRecord>,
    /// What was lost before it or with it.
    pub loss: Option<Loss>,
}

impl<'a> RecordSegment<'a> {
    /// Reads a value. The data is the rest of it, so that only a missing header or head is truncated.
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(BLOOD_PRESSURE_RECORD, octets);
        let header = reader.u8("segmentation header")?;
        let head = if header & 1 == 0 { None } else { Some(RecordHead::read(&mut reader)?) };
        Ok(Self { last: header & 2 != 0, counter: header >> 2, head, data: reader.take_rest() })
    }

    /// The octets; the counter is taken modulo 64.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = self.head.map_or_else(Vec::new, |head| head.octets().to_vec());
        payload.extend_from_slice(self.data);
        Segment { first: self.head.is_some(), last: self.last, counter: self.counter, payload: &payload }.encode()
    }
}

impl RecordHead {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { sequence_number: reader.u16("sequence number")?, characteristic: reader.u16("UUID")? })
    }

    const fn octets(self) -> [u8; HEAD_SIZE] {
        let ([a, b], [c, d]) = (self.sequence_number.to_le_bytes(), self.characteristic.to_le_bytes());
        [a, b, c, d]
    }
}

impl BloodPressureRecord {
    /// The stored value, read as its characteristic says.
    pub fn recorded(&self) -> Result<RecordedValue, DecodeError> {
        Ok(match self.head.characteristic {
            0x2B34 => RecordedValue::Enhanced(EnhancedBloodPressureMeasurement::decode(&self.value)?),
            0x2B35 => RecordedValue::EnhancedCuffPressure(EnhancedCuffPressure::decode(&self.value)?),
            0x2A35 => RecordedValue::Measurement(BloodPressureMeasurement::decode(&self.value)?),
            0x2A36 => RecordedValue::CuffPressure(IntermediateCuffPressure::decode(&self.value)?),
            other => RecordedValue::Other(other),
        })
    }

    /// The segments of at most `segment_size` octets (at least 5) that carry it, counted from 0, with a check sum
    /// where the device has one. A check sum is never cut in two.
    pub fn segments(&self, segment_size: usize, check_sum: bool) -> Vec<Vec<u8>> {
        let payload_size = segment_size.max(SMALLEST_SEGMENT) - 1;
        let mut body = self.head.octets().to_vec();
        body.extend_from_slice(&self.value);
        let mut payloads: Vec<Vec<u8>> = body.chunks(payload_size).map(<[u8]>::to_vec).collect();
        if check_sum {
            let room = [0; CHECK_SUM_SIZE];
            match payloads.last_mut() {
                Some(last) if last.len() + CHECK_SUM_SIZE <= payload_size => last.extend(room),
                _ => payloads.push(room.to_vec()),
            }
        }
        let count = payloads.len();
        let segment = |(index, payload): (usize, &Vec<u8>)| {
            let counter = (index % COUNTER_MODULUS) as u8;
            Segment { first: index == 0, last: index + 1 == count, counter, payload }.encode()
        };
        let mut segments: Vec<Vec<u8>> = payloads.iter().enumerate().map(segment).collect();
        if check_sum {
            let all = segments.concat();
            let (covered, _) = all.split_at(all.len() - CHECK_SUM_SIZE);
            let sum = check_sum_of(covered).to_le_bytes();
            if let Some(room) = segments.last_mut().and_then(|last| last.last_chunk_mut()) {
                *room = sum;
            }
        }
        segments
    }

    fn read(body: &[u8], segments: &[u8], check_sums: bool) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(BLOOD_PRESSURE_RECORD, body);
        let head = RecordHead::read(&mut reader)?;
        let check_sum_size = if check_sums { CHECK_SUM_SIZE } else { 0 };
        let Some(value_size) = reader.remaining().checked_sub(check_sum_size) else {
            return Err(reader.truncated("check sum", check_sum_size));
        };
        let value = reader.take("stored value", value_size)?.to_vec();
        if check_sums {
            let got = reader.u16("check sum")?;
            // The supplement says "all the data" of a record and leaves open whether the headers between its parts
            // are data, so a device may count them or not.
            let with_headers = check_sum_of(&segments[..segments.len().saturating_sub(CHECK_SUM_SIZE)]);
            let without_headers = check_sum_of(&body[..HEAD_SIZE + value_size]);
            if got != with_headers && got != without_headers {
                return Err(reader.crc_mismatch(with_headers, got));
            }
        }
        Ok(Self { head, value })
    }
}

impl RecordJoiner {
    /// A joiner before its first segment; `check_sums` says whether the device's features announce E2E-CRC.
    pub const fn new(check_sums: bool) -> Self {
        Self { check_sums, joiner: SegmentJoiner::with_largest(LARGEST_BODY), segments: Vec::new() }
    }

    /// Takes the next value of the characteristic. A gap drops the record; the next beginning starts afresh. An error
    /// is a record that came whole and cannot be read; the next one is not touched by it.
    pub fn push(&mut self, octets: &[u8]) -> Result<RecordOutcome, DecodeError> {
        let segment = RecordSegment::decode(octets).inspect_err(|_| {
            // What follows belongs to the damaged segment's record and must not be joined to an earlier one.
            self.joiner = SegmentJoiner::with_largest(LARGEST_BODY);
        })?;
        if segment.head.is_some() {
            self.segments.clear();
        }
        // Segments without data would grow this beyond the joiner's limit for bodies.
        if self.segments.len() <= 2 * LARGEST_BODY {
            self.segments.extend_from_slice(octets);
        }
        let outcome = self.joiner.push(octets)?;
        let record =
            outcome.body.map(|body| BloodPressureRecord::read(&body, &self.segments, self.check_sums)).transpose()?;
        Ok(RecordOutcome { record, loss: outcome.loss })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{Decimal, Number};

    fn record() -> BloodPressureRecord {
        let head = RecordHead { sequence_number: 0x0102, characteristic: 0x2B34 };
        BloodPressureRecord { head, value: alloc::vec![0x04, 120, 0, 80, 0, 93, 0, 72, 0] }
    }

    fn joined(segments: &[Vec<u8>], check_sums: bool) -> Result<RecordOutcome, DecodeError> {
        let mut joiner = RecordJoiner::new(check_sums);
        let mut outcome = RecordOutcome::default();
        for segment in segments {
            outcome = joiner.push(segment)?;
        }
        Ok(outcome)
    }

    #[test]
    fn the_first_segment_alone_names_the_record() {
        let first = RecordSegment::decode(&[0b01, 2, 1, 0x34, 0x2B, 0x04, 120]).unwrap();
        let head = RecordHead { sequence_number: 0x0102, characteristic: 0x2B34 };
        assert_eq!((first.head, first.last, first.counter, first.data), (Some(head), false, 0, &[0x04, 120][..]));
        let second = RecordSegment::decode(&[0b1111_1110, 2, 1]).unwrap();
        assert_eq!((second.head, second.last, second.counter, second.data), (None, true, 63, &[2, 1][..]));
        assert_eq!(RecordSegment::decode(&[]).unwrap_err().kind(), "truncated");
        assert_eq!(RecordSegment::decode(&[1, 2, 1, 0x34]).unwrap_err().kind(), "truncated");
    }

    #[test]
    fn a_record_comes_whole_out_of_segments_of_any_size() {
        for segment_size in 5..24 {
            for check_sums in [false, true] {
                let segments = record().segments(segment_size, check_sums);
                assert!(segments.iter().all(|segment| segment.len() <= segment_size));
                let whole = RecordOutcome { record: Some(record()), loss: None };
                assert_eq!(joined(&segments, check_sums), Ok(whole), "{segment_size} {check_sums}");
            }
        }
    }

    #[test]
    fn a_stored_value_is_read_as_its_characteristic_says() {
        let RecordedValue::Enhanced(measured) = record().recorded().unwrap() else { panic!("no enhanced measurement") };
        assert_eq!(measured.context.pulse_rate_bpm, Some(Number::Value(Decimal::whole(72))));
        let head = RecordHead { characteristic: 0x2A18, ..record().head };
        assert_eq!(BloodPressureRecord { head, ..record() }.recorded(), Ok(RecordedValue::Other(0x2A18)));
        let cut = BloodPressureRecord { value: alloc::vec![0x04, 120], ..record() };
        assert_eq!(cut.recorded().unwrap_err().kind(), "truncated");
    }

    #[test]
    fn a_missing_segment_drops_the_record_and_the_next_one_comes_through() {
        let segments = record().segments(6, false);
        let mut joiner = RecordJoiner::new(false);
        joiner.push(&segments[0]).unwrap();
        assert_eq!(
            joiner.push(&segments[2]).unwrap(),
            RecordOutcome { record: None, loss: Some(Loss::Gap { expected: 1, got: 2 }) }
        );
        joiner.push(&segments[0]).unwrap();
        joiner.push(&segments[1]).unwrap();
        assert_eq!(joiner.push(&segments[2]).unwrap().record, Some(record()));
    }

    #[test]
    fn a_damaged_beginning_is_not_joined_to_the_record_before_it() {
        let segments = record().segments(6, false);
        let mut joiner = RecordJoiner::new(false);
        joiner.push(&segments[0]).unwrap();
        joiner.push(&[1, 9]).unwrap_err();
        assert_eq!(joiner.push(&segments[1]).unwrap().loss, Some(Loss::NoBeginning { got: 1 }));
    }

    #[test]
    fn damage_is_told_where_check_sums_are_announced() {
        let mut segments = record().segments(8, true);
        segments[1][3] ^= 1;
        assert_eq!(joined(&segments, true).unwrap_err().kind(), "crc_mismatch");
        let bare = record().segments(20, false);
        assert_eq!(joined(&bare, true).unwrap_err().kind(), "crc_mismatch");
        let tiny = [alloc::vec![0b11, 2, 1, 0x34, 0x2B, 7]];
        assert_eq!(joined(&tiny, true).unwrap_err().kind(), "truncated");
    }

    #[test]
    fn a_check_sum_may_leave_the_headers_out() {
        let mut body = record().head.octets().to_vec();
        body.extend(record().value);
        body.extend(check_sum_of(&body).to_le_bytes());
        let segments = crate::generic_health::split(&body, 0, 8);
        assert_eq!(joined(&segments, true).unwrap().record, Some(record()));
    }

    #[test]
    fn segments_without_end_are_bounded() {
        let mut joiner = RecordJoiner::new(true);
        joiner.push(&[1, 2, 1, 0x34, 0x2B]).unwrap();
        for counter in 1..20_000_u32 {
            joiner.push(&[(counter % 64) as u8 * 4]).unwrap();
        }
        assert!(joiner.segments.len() <= 2 * LARGEST_BODY + 512);
        let large = [&[0_u8 << 2][..], &[0; 600]].concat();
        assert!(joiner.push(&large).unwrap().loss.is_some());
    }
}
