//! Hand-made requests and answers of the Record Access Control Point, each octet checked against the field tables.
//! Properties over all values live in `tests/`.
use super::*;

fn kind(octets: &[u8]) -> &'static str {
    RecordReply::decode(octets).unwrap_err().kind()
}

fn refusal(octets: &[u8]) -> ResponseCode {
    match RecordRequest::decode_or_refuse(octets) {
        Err(RecordReply::Response { request, code }) => {
            assert_eq!(request, octets.first().copied().unwrap_or_default());
            code
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

const NOON: DeviceTime = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 12, minute: 0, second: 0 };

#[test]
fn requests_name_operation_operator_filter_and_operand() {
    let octets = |request: RecordRequest| request.encode().unwrap();
    let within = Selection::Within { least: 1_u16.into(), most: 258_u16.into() };
    assert_eq!(octets(RecordRequest::ReportNumber(Selection::All)), [4, 1]);
    assert_eq!(octets(RecordRequest::Report(Selection::AtLeast(0x0102_u16.into()))), [1, 3, 1, 0x02, 0x01]);
    assert_eq!(octets(RecordRequest::Report(Selection::AtMost(7_u16.into()))), [1, 2, 1, 7, 0]);
    assert_eq!(octets(RecordRequest::Report(within)), [1, 4, 1, 1, 0, 2, 1]);
    assert_eq!(octets(RecordRequest::Report(Selection::First)), [1, 5]);
    assert_eq!(octets(RecordRequest::CombinedReport(Selection::Last)), [7, 6]);
    assert_eq!(octets(RecordRequest::Abort), [3, 0]);
}

#[test]
fn record_numbers_of_a_generic_health_sensor_are_four_octets_wide() {
    let since = RecordRequest::CombinedReport(Selection::AtLeast(65_539_u32.into()));
    assert_eq!(since.encode().unwrap(), [7, 3, 1, 3, 0, 1, 0]);
    assert_eq!(RecordRequest::decode(&[7, 3, 1, 3, 0, 1, 0]), Ok(since));
    let within = Selection::Within { least: 1_u32.into(), most: 2_u32.into() };
    assert_eq!(RecordRequest::decode(&[4, 4, 1, 1, 0, 0, 0, 2, 0, 0, 0]), Ok(RecordRequest::ReportNumber(within)));
}

#[test]
fn records_are_selected_by_the_time_their_user_saw() {
    let since = RecordRequest::Report(Selection::AtLeast(NOON.into()));
    assert_eq!(since.encode().unwrap(), [1, 3, 2, 0xEA, 0x07, 3, 18, 12, 0, 0]);
    assert_eq!(RecordRequest::decode(&[1, 3, 2, 0xEA, 0x07, 3, 18, 12, 0, 0]), Ok(since));
}

#[test]
fn bounds_of_two_kinds_are_not_encoded() {
    let mixed = Selection::Within { least: 1_u16.into(), most: 2_u32.into() };
    assert!(matches!(RecordRequest::Report(mixed).encode(), Err(EncodeError::OutOfRange { field: MOST, .. })));
}

#[test]
fn a_device_refuses_what_it_cannot_read_with_the_code_for_it() {
    assert_eq!(refusal(&[2, 1]), ResponseCode::OperationNotSupported);
    assert_eq!(refusal(&[]), ResponseCode::InvalidOperand);
    assert_eq!(refusal(&[1]), ResponseCode::InvalidOperator);
    assert_eq!(refusal(&[1, 0]), ResponseCode::InvalidOperator);
    assert_eq!(refusal(&[1, 7]), ResponseCode::InvalidOperator);
    assert_eq!(refusal(&[3, 1]), ResponseCode::InvalidOperator);
    assert_eq!(refusal(&[1, 3, 3, 0, 0]), ResponseCode::OperandNotSupported);
    assert_eq!(refusal(&[1, 3, 1, 0]), ResponseCode::InvalidOperand);
    assert_eq!(refusal(&[1, 1, 0]), ResponseCode::InvalidOperand);
}

#[test]
fn every_defined_code_of_an_answer_has_its_name() {
    let names: Vec<_> = (1..=11).map(|code| ResponseCode::from_octet(code).name()).collect();
    assert_eq!(
        names,
        [
            "success",
            "op_not_supported",
            "invalid_operator",
            "operator_not_supported",
            "invalid_operand",
            "no_records",
            "abort_unsuccessful",
            "procedure_not_completed",
            "operand_not_supported",
            "server_busy",
            "reserved"
        ]
    );
}

#[test]
fn a_delete_request_is_not_understood() {
    let error = RecordRequest::decode(&[2, 1]).unwrap_err();
    assert!(matches!(error, DecodeError::UnsupportedOpcode { offset: 0, got: 2, .. }), "{error}");
}

#[test]
fn a_count_is_as_wide_as_its_service_sends_it() {
    assert_eq!(RecordReply::decode(&[5, 0, 3, 1]), Ok(RecordReply::NumberOfRecords(RecordCount::Narrow(259))));
    assert_eq!(RecordReply::decode(&[5, 0, 3, 0, 1, 0]), Ok(RecordReply::NumberOfRecords(RecordCount::Wide(65_539))));
    assert_eq!(RecordReply::decode(&[8, 0, 3, 0, 1, 0]), Ok(RecordReply::CombinedReportResponse { count: 65_539 }));
}

#[test]
fn a_response_repeats_the_request_and_keeps_undefined_codes() {
    let no_records = RecordReply::Response { request: 1, code: ResponseCode::NoRecords };
    assert_eq!(RecordReply::decode(&[6, 0, 1, 6]), Ok(no_records));
    let undefined = RecordReply::Response { request: 4, code: ResponseCode::Reserved(77) };
    assert_eq!(RecordReply::decode(&[6, 0, 4, 77]), Ok(undefined));
}

#[test]
fn wrong_answers_are_rejected_by_kind() {
    assert_eq!(kind(&[]), "truncated");
    assert_eq!(kind(&[5, 0, 3]), "truncated");
    assert_eq!(kind(&[5, 0, 3, 0, 1]), "truncated");
    assert_eq!(kind(&[6, 0, 1]), "truncated");
    assert_eq!(kind(&[6, 0, 1, 1, 0]), "trailing_bytes");
    assert_eq!(kind(&[5, 0, 3, 0, 1, 0, 0]), "trailing_bytes");
    assert_eq!(kind(&[5, 1, 3, 0]), "out_of_range");
    assert_eq!(kind(&[1, 1]), "unsupported_opcode");
}
