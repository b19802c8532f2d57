//! The laws of the codecs of Blood Pressure 1.1: enhanced values, segments and whole records.
//! Single captures are tested beside each profile.

use crate::common::{codec_laws, short_float};
use bedside_gatt::DecodeError;
use bedside_gatt::blood_pressure::{
    BloodPressureRecord, EnhancedBloodPressureMeasurement, EnhancedContext, EnhancedCuffPressure, Epoch,
    MeasurementStatus, PressureUnit, RecordHead, RecordJoiner, RecordSegment, User,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn unit() -> impl Strategy<Value = PressureUnit> {
    prop_oneof![Just(PressureUnit::MillimetreOfMercury), Just(PressureUnit::Kilopascal)]
}

fn context() -> impl Strategy<Value = EnhancedContext> {
    let epoch = prop_oneof![Just(Epoch::Year1900), Just(Epoch::Year2000)];
    let user = option::of(any::<u8>().prop_map(User::from_octet));
    let status = option::of(any::<u16>().prop_map(MeasurementStatus::from_bits));
    (epoch, option::of(any::<u32>()), option::of(short_float()), user, status, option::of(any::<u32>())).prop_map(
        |(epoch, timestamp_seconds, pulse_rate_bpm, user, status, user_facing_seconds)| EnhancedContext {
            epoch,
            timestamp_seconds,
            pulse_rate_bpm,
            user,
            status,
            user_facing_seconds,
        },
    )
}

fn measurement() -> impl Strategy<Value = EnhancedBloodPressureMeasurement> {
    (short_float(), short_float(), short_float(), unit(), context()).prop_map(
        |(systolic, diastolic, mean, unit, context)| EnhancedBloodPressureMeasurement {
            systolic,
            diastolic,
            mean,
            unit,
            context,
        },
    )
}

fn cuff_pressure() -> impl Strategy<Value = EnhancedCuffPressure> {
    (short_float(), unit(), context()).prop_map(|(cuff_pressure, unit, context)| EnhancedCuffPressure {
        cuff_pressure,
        unit,
        context,
    })
}

fn head() -> impl Strategy<Value = RecordHead> {
    any::<(u16, u16)>().prop_map(|(sequence_number, characteristic)| RecordHead { sequence_number, characteristic })
}

fn record() -> impl Strategy<Value = BloodPressureRecord> {
    (head(), vec(any::<u8>(), 0..80)).prop_map(|(head, value)| BloodPressureRecord { head, value })
}

/// A segment that owns its data, so that tests can keep it.
#[derive(Clone, Debug, PartialEq)]
struct Owned {
    last: bool,
    counter: u8,
    head: Option<RecordHead>,
    data: Vec<u8>,
}

impl Owned {
    fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let RecordSegment { last, counter, head, data } = RecordSegment::decode(octets)?;
        Ok(Self { last, counter, head, data: data.to_vec() })
    }

    fn encode(&self) -> Vec<u8> {
        RecordSegment { last: self.last, counter: self.counter, head: self.head, data: &self.data }.encode()
    }

    /// The data is the rest of a segment, so a shorter one is a segment with less data.
    fn keeps_its_head(&self, prefix: &[u8]) -> bool {
        prefix.len() >= if self.head.is_some() { 5 } else { 1 }
    }
}

fn segment() -> impl Strategy<Value = Owned> {
    (any::<bool>(), 0..64u8, option::of(head()), vec(any::<u8>(), 0..40))
        .prop_map(|(last, counter, head, data)| Owned { last, counter, head, data })
}

codec_laws!(enhanced_measurement: measurement(), EnhancedBloodPressureMeasurement::decode,
    |measured: &EnhancedBloodPressureMeasurement| measured.encode().unwrap());
codec_laws!(enhanced_cuff_pressure: cuff_pressure(),
    EnhancedCuffPressure::decode, |measured: &EnhancedCuffPressure| measured.encode().unwrap());
codec_laws!(record_segment: segment(), Owned::decode, Owned::encode, complete: Owned::keeps_its_head);

proptest! {
    #[test]
    fn every_record_comes_whole_out_of_its_segments(
        records in vec(record(), 1..4), segment_size in 5..40usize, check_sum in any::<bool>()
    ) {
        let mut joiner = RecordJoiner::new(check_sum);
        for record in records {
            let segments = record.segments(segment_size, check_sum);
            let (last, before) = segments.split_last().unwrap();
            for segment in before {
                let outcome = joiner.push(segment).unwrap();
                prop_assert_eq!((outcome.record, outcome.loss), (None, None));
            }
            prop_assert_eq!(joiner.push(last).unwrap().record, Some(record));
        }
    }

    #[test]
    fn one_wrong_octet_is_found_by_the_check_sum(
        record in record(), segment_size in 5..40usize, at in any::<prop::sample::Index>(), wrong in 1..=255u8
    ) {
        let mut segments = record.segments(segment_size, true);
        let index = at.index(segments.len());
        let at = at.index(segments[index].len() - 1) + 1;
        segments[index][at] ^= wrong;
        let mut joiner = RecordJoiner::new(true);
        let joined: Vec<_> = segments.iter().map(|segment| joiner.push(segment)).collect();
        let error = joined.last().unwrap().as_ref().unwrap_err();
        prop_assert_eq!(error.kind(), "crc_mismatch");
    }

    #[test]
    fn any_segments_give_an_error_or_an_outcome(segments in vec(vec(any::<u8>(), 0..20), 0..20), check_sums in any::<bool>()) {
        let mut joiner = RecordJoiner::new(check_sums);
        for segment in segments {
            if let Ok(Some(record)) = joiner.push(&segment).map(|outcome| outcome.record) {
                let _ = record.recorded();
            }
        }
    }
}
