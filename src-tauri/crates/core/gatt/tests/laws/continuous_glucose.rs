//! The laws of the codecs for continuous glucose sensors, with and without their check sums.
//! Single captures are tested beside each characteristic.

use crate::common::{codec_laws, device_time, short_float};
use bedside_gatt::continuous_glucose::control::{
    AlertLevel, Answer, Calibration, CalibrationResult, Command, ControlReply, ControlRequest, ControlResponseCode,
};
use bedside_gatt::continuous_glucose::feature::{ContinuousGlucoseFeatures, FeatureWord, SensorLocation};
use bedside_gatt::continuous_glucose::measurement::{self, ContinuousGlucoseRecord};
use bedside_gatt::continuous_glucose::session::{SessionRunTime, SessionStart};
use bedside_gatt::continuous_glucose::status::{
    CalibrationStatus, ContinuousGlucoseStatus, SensorStatus, WarningStatus,
};
use bedside_gatt::current_time::{DaylightSavingOffset, TimeZone};
use bedside_gatt::end_to_end_check::{CheckSum, CheckSums};
use bedside_gatt::glucose::SampleType;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const BY_LENGTH: CheckSums = CheckSums::ByLength;

fn check_sum() -> impl Strategy<Value = CheckSum> {
    prop_oneof![Just(CheckSum::Absent), Just(CheckSum::Verified)]
}

fn record(check_sum: impl Strategy<Value = CheckSum>) -> impl Strategy<Value = ContinuousGlucoseRecord> {
    let states = (option::of(any::<u8>()), option::of(any::<u8>()), option::of(any::<u8>()));
    (short_float(), any::<u16>(), states, option::of(short_float()), option::of(short_float()), check_sum).prop_map(
        |(concentration_mg_dl, time_offset_min, states, trend_mg_dl_min, quality_percent, check_sum)| {
            ContinuousGlucoseRecord {
                concentration_mg_dl,
                time_offset_min,
                sensor: states.0.map(SensorStatus::from_bits),
                calibration: states.1.map(CalibrationStatus::from_bits),
                warning: states.2.map(WarningStatus::from_bits),
                trend_mg_dl_min,
                quality_percent,
                check_sum,
            }
        },
    )
}

/// A value cut between two of its records is a shorter value.
fn ends_between_records(records: &[ContinuousGlucoseRecord], prefix: &[u8]) -> bool {
    (1..=records.len()).any(|count| measurement::encode(&records[..count]).unwrap().len() == prefix.len())
}

fn status(check_sum: impl Strategy<Value = CheckSum>) -> impl Strategy<Value = ContinuousGlucoseStatus> {
    (any::<(u16, u8, u8, u8)>(), check_sum).prop_map(|((time_offset_min, sensor, calibration, warning), check_sum)| {
        ContinuousGlucoseStatus {
            time_offset_min,
            sensor: SensorStatus::from_bits(sensor),
            calibration: CalibrationStatus::from_bits(calibration),
            warning: WarningStatus::from_bits(warning),
            check_sum,
        }
    })
}

fn sample() -> impl Strategy<Value = (SampleType, SensorLocation)> {
    (0..16u8, 0..16u8).prop_map(|(sample_type, sample_location)| {
        (SampleType::from_octet(sample_type), SensorLocation::from_octet(sample_location))
    })
}

fn features() -> impl Strategy<Value = ContinuousGlucoseFeatures> {
    (0..=0xFF_FFFFu32, sample()).prop_map(|(word, (sample_type, sample_location))| ContinuousGlucoseFeatures {
        features: FeatureWord::from_bits(word),
        sample_type,
        sample_location,
    })
}

fn session_start() -> impl Strategy<Value = SessionStart> {
    let zone = prop_oneof![
        Just(TimeZone::UNKNOWN),
        (-48..=56i8).prop_map(|quarters| TimeZone::from_quarters(quarters).unwrap())
    ];
    (device_time(), zone, any::<u8>(), check_sum()).prop_map(|(time, time_zone, daylight_saving, check_sum)| {
        SessionStart { time, time_zone, daylight_saving: DaylightSavingOffset::from_octet(daylight_saving), check_sum }
    })
}

fn session_run_time() -> impl Strategy<Value = SessionRunTime> {
    (any::<u16>(), check_sum()).prop_map(|(hours, check_sum)| SessionRunTime { hours, check_sum })
}

fn calibration() -> impl Strategy<Value = Calibration> {
    (short_float(), sample(), any::<(u16, u16, u16, u8)>()).prop_map(
        |(concentration_mg_dl, (sample_type, sample_location), (time, next, record_number, status))| Calibration {
            concentration_mg_dl,
            time_offset_min: time,
            sample_type,
            sample_location,
            next_time_offset_min: next,
            record_number,
            status: CalibrationResult::from_bits(status),
        },
    )
}

fn level() -> impl Strategy<Value = AlertLevel> {
    prop::sample::select(AlertLevel::ALL.to_vec())
}

fn request(check_sum: impl Strategy<Value = CheckSum>) -> impl Strategy<Value = ControlRequest> {
    let command = prop_oneof![
        any::<u8>().prop_map(Command::SetCommunicationInterval),
        Just(Command::GetCommunicationInterval),
        calibration().prop_map(Command::SetCalibration),
        any::<u16>().prop_map(Command::GetCalibration),
        (level(), short_float()).prop_map(|(which, level)| Command::SetLevel(which, level)),
        level().prop_map(Command::GetLevel),
        Just(Command::ResetDeviceSpecificAlert),
        Just(Command::StartSession),
        Just(Command::StopSession),
    ];
    (command, check_sum).prop_map(|(command, check_sum)| ControlRequest { command, check_sum })
}

fn interval(check_sum: impl Strategy<Value = CheckSum>) -> impl Strategy<Value = ControlReply> {
    (prop_oneof![0..=255u16, any::<u16>()], check_sum)
        .prop_map(|(minutes, check_sum)| ControlReply { answer: Answer::CommunicationInterval(minutes), check_sum })
}

fn reply(check_sum: impl Strategy<Value = CheckSum>) -> impl Strategy<Value = ControlReply> {
    let answer = prop_oneof![
        calibration().prop_map(Answer::Calibration),
        (level(), short_float()).prop_map(|(which, level)| Answer::Level(which, level)),
        any::<(u8, u8)>().prop_map(|(request, code)| {
            let code = ControlResponseCode::from_octet(code);
            Answer::Response { request, code }
        }),
    ];
    (answer, check_sum).prop_map(|(answer, check_sum)| ControlReply { answer, check_sum })
}

/// A value that lost its check sum, all of it and nothing else, is complete for who knows of none.
fn lost_its_check_sum(check_sum: CheckSum, whole: &[u8], prefix: &[u8]) -> bool {
    check_sum == CheckSum::Verified && prefix.len() + 2 == whole.len()
}

/// Every cut of an interval is an interval again, unless its octets are taken for a check sum, which may even fit.
fn is_shorter_interval(_: &ControlReply, prefix: &[u8]) -> bool {
    match prefix.len() {
        2 | 3 => true,
        4 => ControlReply::decode(prefix, BY_LENGTH).is_ok(),
        _ => false,
    }
}

codec_laws!(measurement_of_records: vec(record(check_sum()), 1..5),
    |octets: &[u8]| measurement::decode(octets, BY_LENGTH),
    |records: &Vec<ContinuousGlucoseRecord>| measurement::encode(records).unwrap(),
    complete: |records: &Vec<ContinuousGlucoseRecord>, prefix: &[u8]| ends_between_records(records, prefix));
codec_laws!(protected_record: vec(record(Just(CheckSum::Verified)), 1),
    |octets: &[u8]| measurement::decode(octets, CheckSums::Announced),
    |records: &Vec<ContinuousGlucoseRecord>| measurement::encode(records).unwrap());
codec_laws!(unprotected_record: vec(record(Just(CheckSum::Absent)), 1),
    |octets: &[u8]| measurement::decode(octets, CheckSums::NotAnnounced),
    |records: &Vec<ContinuousGlucoseRecord>| measurement::encode(records).unwrap());

codec_laws!(status_of_unknown_protection: status(check_sum()),
|octets: &[u8]| ContinuousGlucoseStatus::decode(octets, BY_LENGTH), ContinuousGlucoseStatus::encode,
complete: |status: &ContinuousGlucoseStatus, prefix: &[u8]| {
    lost_its_check_sum(status.check_sum, &status.encode(), prefix)
});
codec_laws!(protected_status: status(Just(CheckSum::Verified)),
    |octets: &[u8]| ContinuousGlucoseStatus::decode(octets, CheckSums::Announced), ContinuousGlucoseStatus::encode);
codec_laws!(unprotected_status: status(Just(CheckSum::Absent)),
    |octets: &[u8]| ContinuousGlucoseStatus::decode(octets, CheckSums::NotAnnounced), ContinuousGlucoseStatus::encode);

codec_laws!(feature: features(),
    ContinuousGlucoseFeatures::decode, |features: &ContinuousGlucoseFeatures| features.encode().unwrap());
codec_laws!(start_of_session: session_start(),
|octets: &[u8]| SessionStart::decode(octets, BY_LENGTH), |start: &SessionStart| start.encode().unwrap(),
complete: |start: &SessionStart, prefix: &[u8]| {
    lost_its_check_sum(start.check_sum, &start.encode().unwrap(), prefix)
});
codec_laws!(run_time_of_session: session_run_time(),
|octets: &[u8]| SessionRunTime::decode(octets, BY_LENGTH), SessionRunTime::encode,
complete: |run_time: &SessionRunTime, prefix: &[u8]| {
    lost_its_check_sum(run_time.check_sum, &run_time.encode(), prefix)
});

codec_laws!(control_request: request(check_sum()),
|octets: &[u8]| ControlRequest::decode(octets, BY_LENGTH), |request: &ControlRequest| request.encode().unwrap(),
complete: |request: &ControlRequest, prefix: &[u8]| {
    lost_its_check_sum(request.check_sum, &request.encode().unwrap(), prefix)
});
codec_laws!(protected_control_request: request(Just(CheckSum::Verified)),
    |octets: &[u8]| ControlRequest::decode(octets, CheckSums::Announced),
    |request: &ControlRequest| request.encode().unwrap());
codec_laws!(control_reply: reply(check_sum()),
|octets: &[u8]| ControlReply::decode(octets, BY_LENGTH), |reply: &ControlReply| reply.encode().unwrap(),
complete: |reply: &ControlReply, prefix: &[u8]| {
    lost_its_check_sum(reply.check_sum, &reply.encode().unwrap(), prefix)
});
codec_laws!(protected_control_reply: reply(Just(CheckSum::Verified)),
    |octets: &[u8]| ControlReply::decode(octets, CheckSums::Announced),
    |reply: &ControlReply| reply.encode().unwrap());
codec_laws!(communication_interval: interval(check_sum()),
    |octets: &[u8]| ControlReply::decode(octets, BY_LENGTH), |reply: &ControlReply| reply.encode().unwrap(),
    complete: is_shorter_interval);
