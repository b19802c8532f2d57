//! CGM Measurement 0x2AA7: one or more records back to back, each with its own size and check sum.
//! A value with one damaged record is rejected whole: its octets are kept, and no record of it is half read.
use super::status::{CalibrationStatus, SensorStatus, WarningStatus};
use crate::end_to_end_check::{CHECK_SUM_SIZE, CheckSum, CheckSums};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::Number;

const MEASUREMENT: Characteristic = Characteristic::named("CGM Measurement");

/// Octets of a record without optional fields: size, flags, concentration, time offset.
const SMALLEST: usize = 6;

/// One record of CGM Measurement 0x2AA7. The time of the event is the session start plus the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContinuousGlucoseRecord {
    /// Glucose in mg/dL.
    pub concentration_mg_dl: Number,
    /// Minutes since the session began.
    pub time_offset_min: u16,
    /// How the sensor is.
    pub sensor: Option<SensorStatus>,
    /// What its calibration and its temperature ask for.
    pub calibration: Option<CalibrationStatus>,
    /// What its limits say about the glucose.
    pub warning: Option<WarningStatus>,
    /// How the glucose changes, in mg/dL a minute.
    pub trend_mg_dl_min: Option<Number>,
    /// How good the measurement is, in percent.
    pub quality_percent: Option<Number>,
    /// Whether the record was protected.
    pub check_sum: CheckSum,
}

/// The flags of a record, its second octet, and the octets that each announces.
mod flag {
    pub(super) const TREND: u8 = 1;
    pub(super) const QUALITY: u8 = 1 << 1;
    pub(super) const WARNING: u8 = 1 << 5;
    pub(super) const CALIBRATION: u8 = 1 << 6;
    pub(super) const STATUS: u8 = 1 << 7;
    pub(super) const SIZES: [(u8, usize); 5] = [(TREND, 2), (QUALITY, 2), (WARNING, 1), (CALIBRATION, 1), (STATUS, 1)];
}

/// Reads a value: at least one record.
pub fn decode(octets: &[u8], check_sums: CheckSums) -> Result<Vec<ContinuousGlucoseRecord>, DecodeError> {
    let mut reader = Reader::new(MEASUREMENT, octets);
    let mut records = Vec::new();
    while records.is_empty() || reader.remaining() > 0 {
        records.push(ContinuousGlucoseRecord::read(&mut reader, octets, check_sums)?);
    }
    Ok(records)
}

/// The octets of records, one after the other.
pub fn encode(records: &[ContinuousGlucoseRecord]) -> Result<Vec<u8>, EncodeError> {
    let mut octets = Vec::new();
    for record in records {
        octets.extend(record.encode()?);
    }
    Ok(octets)
}

impl ContinuousGlucoseRecord {
    fn read(reader: &mut Reader<'_>, octets: &[u8], check_sums: CheckSums) -> Result<Self, DecodeError> {
        let start = octets.len() - reader.remaining();
        let size = usize::from(reader.u8("size")?);
        if size < SMALLEST {
            return Err(size_mismatch(start, SMALLEST, size));
        }
        let flags = reader.u8("flags")?;
        let fields = size_of_fields(flags);
        let has_check_sum = match check_sums {
            CheckSums::Announced => true,
            CheckSums::NotAnnounced => false,
            CheckSums::ByLength => size == fields + CHECK_SUM_SIZE,
        };
        let expected = fields + if has_check_sum { CHECK_SUM_SIZE } else { 0 };
        if size != expected {
            return Err(size_mismatch(start, expected, size));
        }
        let announced = |flag: u8| flags & flag != 0;
        let record = Self {
            concentration_mg_dl: reader.short_float("concentration")?,
            time_offset_min: reader.u16("time offset")?,
            sensor: announced(flag::STATUS).then(|| reader.u8("status").map(SensorStatus::from_bits)).transpose()?,
            calibration: announced(flag::CALIBRATION)
                .then(|| reader.u8("calibration and temperature").map(CalibrationStatus::from_bits))
                .transpose()?,
            warning: announced(flag::WARNING)
                .then(|| reader.u8("warning").map(WarningStatus::from_bits))
                .transpose()?,
            trend_mg_dl_min: announced(flag::TREND).then(|| reader.short_float("trend")).transpose()?,
            quality_percent: announced(flag::QUALITY).then(|| reader.short_float("quality")).transpose()?,
            check_sum: if has_check_sum { CheckSum::Verified } else { CheckSum::Absent },
        };
        if has_check_sum {
            reader.check_sum(&octets[start..start + fields])?;
        }
        Ok(record)
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let flags = self.flags();
        let check_sum_size = if self.check_sum == CheckSum::Verified { CHECK_SUM_SIZE } else { 0 };
        let mut writer = Writer::new(MEASUREMENT);
        // 15 octets at most: all fields and the check sum.
        writer.u8((size_of_fields(flags) + check_sum_size) as u8);
        writer.u8(flags);
        writer.short_float("concentration", self.concentration_mg_dl)?;
        writer.u16(self.time_offset_min);
        let states = [
            self.sensor.map(SensorStatus::bits),
            self.calibration.map(CalibrationStatus::bits),
            self.warning.map(WarningStatus::bits),
        ];
        states.into_iter().flatten().for_each(|state| writer.u8(state));
        if let Some(trend) = self.trend_mg_dl_min {
            writer.short_float("trend", trend)?;
        }
        if let Some(quality) = self.quality_percent {
            writer.short_float("quality", quality)?;
        }
        writer.check_sum(self.check_sum);
        Ok(writer.finish())
    }

    fn flags(&self) -> u8 {
        [
            (self.trend_mg_dl_min.is_some(), flag::TREND),
            (self.quality_percent.is_some(), flag::QUALITY),
            (self.warning.is_some(), flag::WARNING),
            (self.calibration.is_some(), flag::CALIBRATION),
            (self.sensor.is_some(), flag::STATUS),
        ]
        .into_iter()
        .filter(|(present, _)| *present)
        .fold(0, |flags, (_, flag)| flags | flag)
    }
}

fn size_of_fields(flags: u8) -> usize {
    let announced = flag::SIZES.into_iter().filter(|(flag, _)| flags & flag != 0);
    SMALLEST + announced.map(|(_, size)| size).sum::<usize>()
}

const fn size_mismatch(offset: usize, expected: usize, got: usize) -> DecodeError {
    DecodeError::SizeFlagsMismatch { characteristic: MEASUREMENT, offset, expected, got }
}

#[cfg(test)]
mod tests {
    use super::super::status::{CalibrationFinding, SensorFinding, Warning};
    use super::*;
    use crate::end_to_end_check::check_sum_of;
    use bedside_vitals::Decimal;

    const BY_LENGTH: CheckSums = CheckSums::ByLength;

    fn decimal(mantissa: i64, exponent: i8) -> Number {
        Number::Value(Decimal::new(mantissa, exponent))
    }

    fn kind(octets: &[u8], check_sums: CheckSums) -> &'static str {
        decode(octets, check_sums).unwrap_err().kind()
    }

    fn protected(fields: &[u8]) -> Vec<u8> {
        [fields, check_sum_of(fields).to_le_bytes().as_slice()].concat()
    }

    #[test]
    fn states_come_before_trend_and_quality() {
        let full = [13, 0xE3, 0x78, 0x00, 0x05, 0x00, 0x02, 0x04, 0x80, 0x0F, 0xF0, 0x5A, 0x00];
        let records = decode(&full, BY_LENGTH).unwrap();
        let [record] = records.as_slice() else { panic!("expected one record, got {records:?}") };
        assert_eq!((record.concentration_mg_dl, record.time_offset_min), (decimal(120, 0), 5));
        assert!(record.sensor.unwrap().has(SensorFinding::BatteryLow));
        assert!(record.calibration.unwrap().has(CalibrationFinding::CalibrationRecommended));
        assert!(record.warning.unwrap().has(Warning::AboveDeviceRange));
        assert_eq!(record.trend_mg_dl_min, Some(decimal(15, -1)));
        assert_eq!(record.quality_percent, Some(decimal(90, 0)));
        assert_eq!(record.check_sum, CheckSum::Absent);
        assert_eq!(encode(&records).unwrap(), full);
    }

    #[test]
    fn records_follow_each_other_with_and_without_fields() {
        let value = [6, 0, 100, 0, 1, 0, 8, 1, 101, 0, 2, 0, 0xFF, 0xFF, 6, 0, 102, 0, 3, 0];
        let records = decode(&value, BY_LENGTH).unwrap();
        let offsets: Vec<_> = records.iter().map(|record| record.time_offset_min).collect();
        assert_eq!(offsets, [1, 2, 3]);
        assert_eq!(records[1].trend_mg_dl_min, Some(decimal(-1, -1)));
    }

    #[test]
    fn each_record_has_a_check_sum_over_itself_alone() {
        let one = protected(&[8, 0, 100, 0, 1, 0]);
        let two = protected(&[8, 0, 101, 0, 2, 0]);
        let value = [one, two].concat();
        let records = decode(&value, CheckSums::Announced).unwrap();
        assert!(records.iter().all(|record| record.check_sum == CheckSum::Verified));
        assert_eq!(decode(&value, BY_LENGTH).unwrap(), records);
        assert_eq!(kind(&value, CheckSums::NotAnnounced), "size_flags_mismatch");
    }

    #[test]
    fn damage_in_any_record_rejects_the_value_and_names_the_place() {
        let mut value = [protected(&[8, 0, 100, 0, 1, 0]), protected(&[8, 0, 101, 0, 2, 0])].concat();
        value[10] ^= 1;
        let error = decode(&value, BY_LENGTH).unwrap_err();
        assert!(matches!(error, DecodeError::CrcMismatch { offset: 14, .. }), "{error}");
    }

    #[test]
    fn a_size_must_be_that_of_the_announced_fields() {
        for (size, flags) in [(7, 0), (6, 1), (9, 0), (8, 0x81), (0, 0), (5, 0), (255, 0)] {
            let mut value = [0; 20];
            (value[0], value[1]) = (size, flags);
            assert_eq!(kind(&value, BY_LENGTH), "size_flags_mismatch", "{size} with {flags:#04x}");
        }
        assert_eq!(kind(&[6, 0, 100, 0, 1, 0], CheckSums::Announced), "size_flags_mismatch");
    }

    #[test]
    fn missing_and_surplus_octets_are_rejected() {
        assert_eq!(kind(&[], BY_LENGTH), "truncated");
        assert_eq!(kind(&[6], BY_LENGTH), "truncated");
        assert_eq!(kind(&[6, 0, 100, 0, 1], BY_LENGTH), "truncated");
        assert_eq!(kind(&[8, 0, 100, 0, 1, 0, 0x12], BY_LENGTH), "truncated");
        assert_eq!(kind(&[6, 0, 100, 0, 1, 0, 0], BY_LENGTH), "size_flags_mismatch");
    }

    #[test]
    fn reserved_flags_mean_nothing() {
        assert_eq!(decode(&[6, 0x1C, 100, 0, 1, 0], BY_LENGTH), decode(&[6, 0, 100, 0, 1, 0], BY_LENGTH));
    }
}
