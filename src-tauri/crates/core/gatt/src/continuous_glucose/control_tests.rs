//! Hand-made commands and answers of the CGM Specific Ops Control Point, each octet checked against the op table.
//! Properties over all values live in `tests/`.
use super::*;
use crate::end_to_end_check::check_sum_of;
use bedside_vitals::Decimal;

fn whole(number: i64) -> Number {
    Number::Value(Decimal::whole(number))
}

fn answer(octets: &[u8]) -> Answer {
    ControlReply::decode(octets, CheckSums::ByLength).unwrap().answer
}

fn command(octets: &[u8]) -> Command {
    ControlRequest::decode(octets, CheckSums::ByLength).unwrap().command
}

fn kind(octets: &[u8]) -> &'static str {
    ControlReply::decode(octets, CheckSums::ByLength).unwrap_err().kind()
}

fn protected(octets: &[u8]) -> Vec<u8> {
    [octets, check_sum_of(octets).to_le_bytes().as_slice()].concat()
}

#[test]
fn an_interval_is_one_or_two_octets_with_and_without_a_check_sum() {
    for octets in [&[3, 5][..], &[3, 5, 0]] {
        assert_eq!(answer(octets), Answer::CommunicationInterval(5));
        let reply = ControlReply::decode(&protected(octets), CheckSums::Announced).unwrap();
        assert_eq!(reply, ControlReply { answer: Answer::CommunicationInterval(5), check_sum: CheckSum::Verified });
        assert_eq!(ControlReply::decode(&protected(octets), CheckSums::ByLength), Ok(reply));
    }
    assert_eq!(answer(&[3, 0x2C, 0x01]), Answer::CommunicationInterval(300));
    assert_eq!(kind(&[3]), "truncated");
    assert_eq!(kind(&[3, 5, 1, 2]), "crc_mismatch");
    assert_eq!(kind(&[3, 5, 0, 1, 2, 3]), "trailing_bytes");
}

#[test]
fn every_level_has_three_operations_in_a_row() {
    let operations: Vec<_> =
        AlertLevel::ALL.iter().map(|level| Command::SetLevel(*level, whole(0)).operation()).collect();
    assert_eq!(operations, [0x07, 0x0A, 0x0D, 0x10, 0x13, 0x16]);
    assert_eq!(command(&[0x0A, 70, 0]), Command::SetLevel(AlertLevel::PatientLow, whole(70)));
    assert_eq!(command(&[0x17]), Command::GetLevel(AlertLevel::RateUp));
    assert_eq!(answer(&[0x09, 180, 0]), Answer::Level(AlertLevel::PatientHigh, whole(180)));
    assert_eq!(answer(&[0x18, 3, 0]), Answer::Level(AlertLevel::RateUp, whole(3)));
}

#[test]
fn a_calibration_is_ten_octets() {
    let octets = [0x06, 110, 0, 0x3C, 0, 0x11, 0xDC, 0x05, 2, 0, 0b101];
    let Answer::Calibration(calibration) = answer(&octets) else { panic!("expected a calibration") };
    assert_eq!((calibration.concentration_mg_dl, calibration.time_offset_min), (whole(110), 60));
    assert_eq!(calibration.sample_type, SampleType::CapillaryWholeBlood);
    assert_eq!(calibration.sample_location, SensorLocation::Finger);
    assert_eq!((calibration.next_time_offset_min, calibration.record_number), (1500, 2));
    let raised: Vec<_> = calibration.status.raised().map(CalibrationOutcome::name).collect();
    assert_eq!(raised, ["rejected", "pending"]);
    assert_eq!(kind(&octets[..10]), "truncated");
    assert_eq!(kind(&[octets.as_slice(), &[0]].concat()), "trailing_bytes");
}

#[test]
fn a_response_names_its_request_and_keeps_undefined_codes() {
    let refused = Answer::Response { request: 0x1A, code: ControlResponseCode::ProcedureNotCompleted };
    assert_eq!(answer(&[0x1C, 0x1A, 4]), refused);
    let undefined = Answer::Response { request: 1, code: ControlResponseCode::Reserved(9) };
    assert_eq!(answer(&[0x1C, 1, 9]), undefined);
}

#[test]
fn commands_and_answers_are_not_taken_for_each_other() {
    let error = ControlReply::decode(&[0x1A], CheckSums::ByLength).unwrap_err();
    assert!(matches!(error, DecodeError::UnsupportedOpcode { offset: 0, got: 0x1A, .. }), "{error}");
    for code in [0x00, 0x03, 0x06, 0x09, 0x18, 0x1C, 0x1D, 0xFF] {
        let error = ControlRequest::decode(&[code, 0, 0], CheckSums::ByLength).unwrap_err();
        assert_eq!(error.kind(), "unsupported_opcode", "{code:#04x}");
    }
}

#[test]
fn an_announced_check_sum_must_be_there() {
    let kind = |octets: &[u8], check_sums| ControlRequest::decode(octets, check_sums).unwrap_err().kind();
    assert_eq!(kind(&[0x1A], CheckSums::Announced), "truncated");
    assert_eq!(kind(&[0x1A, 0, 0], CheckSums::Announced), "crc_mismatch");
    assert_eq!(kind(&protected(&[0x1A]), CheckSums::NotAnnounced), "trailing_bytes");
    assert_eq!(command(&protected(&[0x1A])), Command::StartSession);
}
