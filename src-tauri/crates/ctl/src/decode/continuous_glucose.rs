//! The JSON of continuous glucose sensors. What a sensor announced is not known here, so a check sum is taken by length.
//! Values are shown as sent; nothing is rounded, converted or judged.
use super::Decoded;
use super::device_facts::daylight_saving_minutes;
use super::json::{names, number, optional_number, time};
use bedside_gatt::continuous_glucose::control::{AlertLevel, Answer, Calibration, CalibrationOutcome, ControlReply};
use bedside_gatt::continuous_glucose::feature::{ContinuousGlucoseFeatures, Feature};
use bedside_gatt::continuous_glucose::measurement::{self, ContinuousGlucoseRecord};
use bedside_gatt::continuous_glucose::session::{SessionRunTime, SessionStart};
use bedside_gatt::continuous_glucose::status::{
    CalibrationFinding, CalibrationStatus, ContinuousGlucoseStatus, SensorFinding, SensorStatus, Warning, WarningStatus,
};
use bedside_gatt::end_to_end_check::CheckSums;
use serde_json::{Value, json};

pub(super) fn measurement(octets: &[u8]) -> Decoded {
    let records = measurement::decode(octets, CheckSums::ByLength)?;
    Ok(json!({ "records": records.iter().map(record).collect::<Vec<_>>() }))
}

pub(super) fn features(octets: &[u8]) -> Decoded {
    let sensor = ContinuousGlucoseFeatures::decode(octets)?;
    Ok(json!({
        "features": names(sensor.features.raised().map(Feature::name)),
        "type": sensor.sample_type.name(),
        "sample_location": sensor.sample_location.name(),
    }))
}

pub(super) fn status(octets: &[u8]) -> Decoded {
    let status = ContinuousGlucoseStatus::decode(octets, CheckSums::ByLength)?;
    Ok(json!({
        "time_offset_min": status.time_offset_min,
        "status": sensor_findings(status.sensor),
        "cal_temp": calibration_findings(status.calibration),
        "warning": warnings(status.warning),
        "crc": status.check_sum.name(),
    }))
}

pub(super) fn session_start(octets: &[u8]) -> Decoded {
    let start = SessionStart::decode(octets, CheckSums::ByLength)?;
    Ok(json!({
        "start": time(start.time),
        "time_zone_min": start.time_zone.minutes(),
        "dst_offset_min": daylight_saving_minutes(start.daylight_saving),
        "crc": start.check_sum.name(),
    }))
}

pub(super) fn session_run_time(octets: &[u8]) -> Decoded {
    let run_time = SessionRunTime::decode(octets, CheckSums::ByLength)?;
    Ok(json!({ "run_time_hours": run_time.hours, "crc": run_time.check_sum.name() }))
}

pub(super) fn control_reply(octets: &[u8]) -> Decoded {
    let reply = ControlReply::decode(octets, CheckSums::ByLength)?;
    let mut value = match reply.answer {
        Answer::Response { request, code } => json!({ "op": "response", "request": request, "code": code.name() }),
        Answer::CommunicationInterval(minutes) => json!({ "op": "communication_interval", "minutes": minutes }),
        Answer::Level(which, level) => alert_level(which, number(level)),
        Answer::Calibration(calibration) => calibration_of(&calibration),
    };
    value["crc"] = json!(reply.check_sum.name());
    Ok(value)
}

fn record(record: &ContinuousGlucoseRecord) -> Value {
    json!({
        "concentration_mg_dl": number(record.concentration_mg_dl),
        "time_offset_min": record.time_offset_min,
        "status": record.sensor.map(sensor_findings),
        "cal_temp": record.calibration.map(calibration_findings),
        "warning": record.warning.map(warnings),
        "trend_mg_dl_min": optional_number(record.trend_mg_dl_min),
        "quality_percent": optional_number(record.quality_percent),
        "crc": record.check_sum.name(),
    })
}

fn alert_level(which: AlertLevel, level: Value) -> Value {
    json!({ "op": "alert_level", "which": which.name(), "value": level })
}

fn calibration_of(calibration: &Calibration) -> Value {
    json!({
        "op": "calibration",
        "value": number(calibration.concentration_mg_dl),
        "time_offset_min": calibration.time_offset_min,
        "type": calibration.sample_type.name(),
        "sample_location": calibration.sample_location.name(),
        "next_time_offset_min": calibration.next_time_offset_min,
        "record_number": calibration.record_number,
        "status": names(calibration.status.raised().map(CalibrationOutcome::name)),
    })
}

fn sensor_findings(status: SensorStatus) -> Value {
    names(status.raised().map(SensorFinding::name))
}

fn calibration_findings(status: CalibrationStatus) -> Value {
    names(status.raised().map(CalibrationFinding::name))
}

fn warnings(status: WarningStatus) -> Value {
    names(status.raised().map(Warning::name))
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use serde_json::json;

    fn kind(characteristic: &str, hex: &str) -> &'static str {
        decode(characteristic, hex, None).unwrap_err().kind
    }

    #[test]
    fn a_measurement_is_a_list_of_records() {
        let mut value = decode("2AA7", "0DE3780005000204800FF05A00060065000A00", None).unwrap();
        assert_eq!(value["records"][0]["trend_mg_dl_min"].take().to_string(), "1.5");
        let expected = json!({ "records": [
            {
                "concentration_mg_dl": 120, "time_offset_min": 5, "status": ["battery_low"],
                "cal_temp": ["calibration_recommended"], "warning": ["above_device_range"],
                "trend_mg_dl_min": null, "quality_percent": 90, "crc": null,
            },
            {
                "concentration_mg_dl": 101, "time_offset_min": 10, "status": null, "cal_temp": null, "warning": null,
                "trend_mg_dl_min": null, "quality_percent": null, "crc": null,
            },
        ] });
        assert_eq!(value, expected);
    }

    #[test]
    fn a_check_sum_is_taken_where_the_length_leaves_room_for_it() {
        // CRC-16/MCRF4XX over 50 01 is 0x32C6.
        assert_eq!(decode("2AAB", "5001C632", None).unwrap(), json!({ "run_time_hours": 336, "crc": "ok" }));
        assert_eq!(decode("2AAB", "5001", None).unwrap(), json!({ "run_time_hours": 336, "crc": null }));
        assert_eq!(kind("2AAB", "50010000"), "crc_mismatch");
        assert_eq!(kind("2AAB", "500100"), "length");
        assert_eq!(kind("2AA7", "07006500060000"), "size_flags_mismatch");
    }

    #[test]
    fn a_session_start_counts_its_zone_in_quarters_of_an_hour() {
        let expected = json!({
            "start": { "year": 2026, "month": 3, "day": 18, "hour": 14, "minute": 5, "second": 59 },
            "time_zone_min": -330, "dst_offset_min": 60, "crc": null,
        });
        assert_eq!(decode("2AAA", "EA0703120E053BEA04", None).unwrap(), expected);
    }

    #[test]
    fn status_and_features_are_named() {
        let status = json!({
            "time_offset_min": 300, "status": ["session_stopped"], "cal_temp": [], "warning": ["below_hypo"], "crc": null,
        });
        assert_eq!(decode("2AA9", "2C01010004", None).unwrap(), status);
        let features = json!({
            "features": ["trend", "quality"], "type": "interstitial_fluid", "sample_location": "subcutaneous",
        });
        assert_eq!(decode("2AA8", "00800159FFFF", None).unwrap(), features);
    }

    #[test]
    fn answers_of_the_control_point_name_their_operation() {
        let answer = |hex: &str| decode("2AAC", hex, None).unwrap();
        let refused = json!({ "op": "response", "request": 26, "code": "procedure_not_completed", "crc": null });
        assert_eq!(answer("1C1A04"), refused);
        let interval = json!({ "op": "communication_interval", "minutes": 5, "crc": null });
        assert_eq!((answer("0305"), answer("030500")), (interval.clone(), interval));
        let level = json!({ "op": "alert_level", "which": "patient_low", "value": 70, "crc": null });
        assert_eq!(answer("0C4600"), level);
        let calibration = json!({
            "op": "calibration", "value": 110, "time_offset_min": 60, "type": "capillary_whole_blood",
            "sample_location": "finger", "next_time_offset_min": 1500, "record_number": 2, "status": ["pending"],
            "crc": null,
        });
        assert_eq!(answer("066E003C0011DC05020004"), calibration);
        assert_eq!(kind("2AAC", "1A"), "unsupported_opcode");
    }
}
