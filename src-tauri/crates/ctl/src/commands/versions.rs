//! `readings correct`, `readings reject` and `readings confirm`: a later word on a reading, which itself stays as it is.
//! Not here: who may say it, and what goes to the server; the console decides.
use crate::arguments::{Confirm, Correct, Reject};
use crate::failure::{BAD_DATA, Failure, NOT_FOUND};
use crate::output::Output;
use crate::reader::mixed_up;
use crate::screen::Screen;
use crate::sign_in::{self, Who};
use bedside_assembly::{Place, Running, Start};
use bedside_console::ports::{Answer, Query};
use bedside_vitals::{BloodPressure, Decimal, MeasuredValue, Number, Quantity, ReadingId, Special};
use serde_json::json;
use uuid::Uuid;

pub(crate) async fn correct(place: &Place, who: &Who, which: &Correct, output: &Output) -> Result<(), Failure> {
    let reading = id(&which.reading)?;
    let running = start(place, who).await?;
    let result = correct_with(&running, reading, which).await;
    running.close().await;
    result?;
    output.say("corrected", &json!({ "reading": which.reading, "corrected": true }));
    Ok(())
}

pub(crate) async fn reject(place: &Place, who: &Who, which: &Reject, output: &Output) -> Result<(), Failure> {
    let reading = id(&which.reading)?;
    let running = start(place, who).await?;
    let result = running.console.reject_reading(reading, which.reason.clone()).await;
    running.close().await;
    result?;
    output.say("rejected", &json!({ "reading": which.reading, "rejected": true }));
    Ok(())
}

pub(crate) async fn confirm(place: &Place, who: &Who, which: &Confirm, output: &Output) -> Result<(), Failure> {
    let reading = id(&which.reading)?;
    let running = start(place, who).await?;
    let result = running.console.confirm_reading(reading).await;
    running.close().await;
    result?;
    output.say("confirmed", &json!({ "reading": which.reading, "confirmed": true }));
    Ok(())
}

async fn correct_with(running: &Running, reading: ReadingId, which: &Correct) -> Result<(), Failure> {
    let console = &running.console;
    let Answer::Readings(found) = console.query(Query::TheseReadings(vec![reading])).await? else {
        return Err(mixed_up());
    };
    let stored = found.first().ok_or_else(|| Failure::new(NOT_FOUND, "there is no such reading"))?;
    let value = value_like(&stored.measurement.value, &which.value)?;
    Ok(console.correct_reading(reading, value, which.reason.clone()).await?)
}

async fn start(place: &Place, who: &Who) -> Result<Running, Failure> {
    let (screen, _values, _snapshots) = Screen::new();
    sign_in::open(place, who, Start { clinic: None, display: screen, ledger: None }).await
}

fn id(text: &str) -> Result<ReadingId, Failure> {
    let wrong = |_| Failure::new(BAD_DATA, "expected the id of a reading, as `readings list --json` shows it");
    Uuid::try_parse(text).map(ReadingId).map_err(wrong)
}

/// A typed value of the same kind and unit as the stored one.
fn value_like(stored: &MeasuredValue, typed: &str) -> Result<MeasuredValue, Failure> {
    match stored {
        MeasuredValue::Single(quantity) => Ok(MeasuredValue::Single(Quantity { number: number(typed)?, ..*quantity })),
        MeasuredValue::Pressures(pressures) => {
            let parts: Vec<&str> = typed.split('/').collect();
            let (systolic, diastolic, mean) = match parts[..] {
                [systolic, diastolic] => (number(systolic)?, number(diastolic)?, Number::Special(Special::NotANumber)),
                [systolic, diastolic, mean] => (number(systolic)?, number(diastolic)?, number(mean)?),
                _ => return Err(Failure::new(BAD_DATA, "expected SYSTOLIC/DIASTOLIC, with perhaps /MEAN")),
            };
            Ok(MeasuredValue::Pressures(BloodPressure { systolic, diastolic, mean, ..*pressures }))
        }
    }
}

fn number(typed: &str) -> Result<Number, Failure> {
    let wrong = |_| Failure::new(BAD_DATA, "expected a number such as 37.2");
    typed.trim().parse::<Decimal>().map(Number::Value).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::Unit;

    fn pressures() -> MeasuredValue {
        let number = |value| Number::Value(Decimal::whole(value));
        let unit = Unit::MillimetreOfMercury;
        MeasuredValue::Pressures(BloodPressure {
            systolic: number(180),
            diastolic: number(90),
            mean: number(120),
            unit,
        })
    }

    #[test]
    fn a_correction_keeps_the_unit_and_the_digits_as_typed() {
        let stored =
            MeasuredValue::Single(Quantity { number: Number::Value(Decimal::new(391, -1)), unit: Unit::DegreeCelsius });
        let corrected = value_like(&stored, "37.20").unwrap();
        let exact = Quantity { number: Number::Value(Decimal::new(3_720, -2)), unit: Unit::DegreeCelsius };
        assert_eq!(corrected, MeasuredValue::Single(exact));
    }

    #[test]
    fn a_pressure_needs_both_its_numbers() {
        assert!(value_like(&pressures(), "128/74").is_ok());
        assert!(value_like(&pressures(), "128").is_err_and(|failure| failure.code == BAD_DATA));
        assert!(value_like(&pressures(), "128/x").is_err_and(|failure| failure.code == BAD_DATA));
    }
}
