//! Numbers and device times as columns: exact both ways.
//! Not here: a table of its own; `reading` and `connection` have these columns.
use crate::fault::Fault;
use bedside_vitals::{DeviceTime, Number, Special};

const SPECIALS: [Special; 5] = [
    Special::NotANumber,
    Special::NotAtThisResolution,
    Special::PositiveInfinity,
    Special::NegativeInfinity,
    Special::Reserved,
];

/// Mantissa and exponent; of a special value no mantissa, and its code in place of the exponent.
pub(crate) fn to_columns(number: Number) -> (Option<i64>, i8) {
    match number {
        Number::Value(decimal) => (Some(decimal.mantissa()), decimal.exponent()),
        Number::Special(special) => {
            (None, SPECIALS.iter().position(|known| *known == special).map_or(0, |code| code as i8))
        }
    }
}

/// The number behind `to_columns`.
pub(crate) fn of_columns(mantissa: Option<i64>, exponent: i8) -> Result<Number, Fault> {
    if let Some(mantissa) = mantissa {
        return Ok(Number::Value(bedside_vitals::Decimal::new(mantissa, exponent)));
    }
    let special = usize::try_from(exponent).ok().and_then(|code| SPECIALS.get(code));
    special.map(|special| Number::Special(*special)).ok_or(Fault::Column("number"))
}

/// A device's time in one integer that sorts by time; each part that may be unknown has a bit that says it is known.
pub(crate) fn pack_time(time: DeviceTime) -> i64 {
    let part = |value: Option<u16>| value.map_or(0, |value| 1 << 16 | i64::from(value));
    let small = |value: Option<u8>| value.map_or(0, |value| 1 << 8 | i64::from(value));
    let mut packed = part(time.year);
    packed = packed << 9 | small(time.month);
    packed = packed << 9 | small(time.day);
    packed = packed << 8 | i64::from(time.hour);
    packed = packed << 8 | i64::from(time.minute);
    packed << 8 | i64::from(time.second)
}

/// The time behind `pack_time`.
pub(crate) fn unpack_time(packed: i64) -> Result<DeviceTime, Fault> {
    if !(0..1 << 59).contains(&packed) {
        return Err(Fault::Column("device time"));
    }
    let octet = |shift: u32| (packed >> shift & 0xff) as u8;
    let small = |shift: u32| (packed >> shift & 0x100 != 0).then(|| octet(shift));
    let year = packed >> 42;
    Ok(DeviceTime {
        year: (year & 0x1_0000 != 0).then_some((year & 0xffff) as u16),
        month: small(33),
        day: small(24),
        hour: octet(16),
        minute: octet(8),
        second: octet(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_device_time_comes_back(
            year: Option<u16>, month: Option<u8>, day: Option<u8>, hour: u8, minute: u8, second: u8,
        ) {
            let time = DeviceTime { year, month, day, hour, minute, second };
            prop_assert_eq!(unpack_time(pack_time(time)).unwrap(), time);
        }
    }

    #[test]
    fn every_special_value_comes_back_and_an_unknown_code_is_refused() {
        for special in SPECIALS {
            let (mantissa, exponent) = to_columns(Number::Special(special));
            assert_eq!(of_columns(mantissa, exponent).unwrap(), Number::Special(special));
        }
        assert!(of_columns(None, 5).is_err() && of_columns(None, -1).is_err());
    }
}
