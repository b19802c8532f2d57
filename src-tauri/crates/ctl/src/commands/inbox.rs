//! The unassigned inbox on the command line: `readings list --unassigned`, `readings assign`, and what `record` says of it.
//! Not here: why a reading is unassigned and whose it may become; the console decides.
use super::readings::Names;
use super::words;
use crate::arguments::{Assign, List};
use crate::failure::{BAD_DATA, Failure, NOT_FOUND};
use crate::output::Output;
use crate::reader::Reader;
use crate::screen::Screen;
use crate::sign_in::{self, Who};
use bedside_assembly::{Place, Running, Start};
use bedside_console::ports::{Answer, Query};
use bedside_console::{AuditAction, Permission, Unassigned, WhyUnassigned, unassigned};
use bedside_vitals::{DeviceDescription, PatientId, ReadingId, WallTime};
use serde_json::json;
use std::collections::BTreeSet;

pub(crate) async fn list(reader: &Reader, which: &List, output: &Output) -> Result<(), Failure> {
    let since = which.since.as_deref().map(words::time).transpose()?;
    let store = reader.store();
    let names = Names::read(store).await?;
    let all = unassigned(store).await?;
    reader.looked(AuditAction::InboxSeen, None, all.len()).await?;
    for Unassigned { reading, why } in all {
        let measurement = &reading.measurement;
        let (at, parameter) = (measurement.time.at, measurement.parameter);
        if since.is_some_and(|since| at < since) {
            continue;
        }
        let device = names.device(reading.device);
        let mut json = words::measurement_json(measurement);
        json["id"] = json!(reading.id.to_string());
        json["device"] = json!(reading.device.to_string());
        json["device_name"] = json!(device);
        json["unassigned"] = json!(code(why));
        let value = words::value_text(&measurement.value);
        let method = words::method(measurement.time.method);
        let human = format!("{at}  {method:<23} {parameter:<22} {value:<24} {device:<20} {}", reason(why));
        output.say(&human, &json);
    }
    Ok(())
}

/// What came without a patient since `began`, and why. Nothing is said when nothing did.
pub(crate) async fn say_new(place: &Place, who: &Who, began: WallTime, output: &Output) -> Result<(), Failure> {
    let reader = Reader::open(place, who, &[Permission::ReadRecords]).await?;
    let mut all = unassigned(reader.store()).await?;
    all.retain(|one| one.reading.measurement.time.received >= began);
    if !all.is_empty() {
        reader.looked(AuditAction::InboxSeen, None, all.len()).await?;
    }
    reader.close().await?;
    for line in summary(&all) {
        output.note(&line);
    }
    Ok(())
}

/// One line for each reason.
fn summary(all: &[Unassigned]) -> Vec<String> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for one in all {
        let why = reason(one.why);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => reasons.push((why, 1)),
        }
    }
    let line = |(why, count)| format!("{}: {why}; see `readings list --unassigned`", are_unassigned(count));
    reasons.into_iter().map(line).collect()
}

fn are_unassigned(count: usize) -> String {
    if count == 1 { "1 reading is unassigned".into() } else { format!("{count} readings are unassigned") }
}

fn reason(why: WhyUnassigned) -> String {
    match why {
        WhyUnassigned::NotBound => "measured before the device was bound".into(),
        WhyUnassigned::UserSlot(slot) => format!("nobody confirmed whose user slot {slot} is"),
        WhyUnassigned::UserUnknown => "measured by a user whom the device does not know".into(),
        WhyUnassigned::TimeUnknown => "from the device's memory, measured nobody knows when".into(),
        WhyUnassigned::MeasuredFor(_) => "measured during an earlier binding of the device".into(),
        WhyUnassigned::NotOfAPerson => "control solution, demonstration or test".into(),
    }
}

const fn code(why: WhyUnassigned) -> &'static str {
    match why {
        WhyUnassigned::NotBound => "not_bound",
        WhyUnassigned::UserSlot(_) => "user_slot",
        WhyUnassigned::UserUnknown => "user_unknown",
        WhyUnassigned::TimeUnknown => "time_unknown",
        WhyUnassigned::MeasuredFor(_) => "measured_for",
        WhyUnassigned::NotOfAPerson => "not_of_a_person",
    }
}

pub(crate) async fn assign(place: &Place, who: &Who, which: &Assign, output: &Output) -> Result<(), Failure> {
    let range = Range {
        since: which.since.as_deref().map(words::time).transpose()?,
        until: which.until.as_deref().map(words::time).transpose()?,
        user_slot: which.user_slot,
    };
    let (screen, _values, _snapshots) = Screen::new();
    let running = sign_in::open(place, who, Start { clinic: None, display: screen, ledger: None }).await?;
    let result = assign_with(&running, which, range, output).await;
    running.close().await;
    result
}

async fn assign_with(running: &Running, which: &Assign, range: Range, output: &Output) -> Result<(), Failure> {
    let console = &running.console;
    let lines = console.patients().await?;
    let patient = lines.iter().find(|line| line.patient.record_number.reveal() == which.patient);
    let nobody = || Failure::new(NOT_FOUND, "there is no patient with this record number");
    let patient = patient.map(|line| line.patient.id).ok_or_else(nobody)?;
    let devices = match console.query(Query::Devices).await? {
        Answer::Devices(devices) => devices,
        _ => Vec::new(),
    };
    let device = the_device(&devices, &which.device)?;
    let inbox = console.inbox().await?.into_iter().map(|one| one.unassigned);
    let of_device: Vec<Unassigned> = inbox.filter(|one| one.reading.device == device.id).collect();
    let Selected { readings, first, last, withheld } = select(&of_device, &range, patient)?;
    for line in withheld {
        output.note(&line);
    }
    let count = console.assign(readings, patient).await?;
    let what = if count == 1 { "1 reading".to_owned() } else { format!("{count} readings") };
    let human = format!("{what} of {}, measured {first} to {last}, charted", device.name);
    let json = json!({
        "assigned": count, "device": device.id.to_string(), "device_name": device.name,
        "first": first.to_string(), "last": last.to_string(),
    });
    output.say(&human, &json);
    Ok(())
}

fn the_device<'a>(devices: &'a [DeviceDescription], wanted: &str) -> Result<&'a DeviceDescription, Failure> {
    let named = |device: &&DeviceDescription| device.name == wanted || device.id.to_string() == wanted;
    let mut found = devices.iter().filter(named);
    match (found.next(), found.next()) {
        (Some(device), None) => Ok(device),
        (Some(_), Some(_)) => {
            Err(Failure::new(BAD_DATA, "several devices have this name; give the id that `readings list --json` shows"))
        }
        (None, _) => Err(Failure::new(NOT_FOUND, "no device of this name or id was ever bound here")),
    }
}

/// Which of a device's readings are meant.
struct Range {
    since: Option<WallTime>,
    until: Option<WallTime>,
    user_slot: Option<u8>,
}

impl Range {
    fn has(&self, one: &Unassigned) -> bool {
        let measurement = &one.reading.measurement;
        let at = measurement.time.at;
        self.since.is_none_or(|since| since <= at)
            && self.until.is_none_or(|until| at <= until)
            && (self.user_slot.is_none() || measurement.user_slot == self.user_slot)
    }
}

/// What is assigned, and what is left in the inbox in one line for each reason.
#[derive(Debug, PartialEq, Eq)]
struct Selected {
    readings: Vec<ReadingId>,
    first: WallTime,
    last: WallTime,
    withheld: Vec<String>,
}

fn select(of_device: &[Unassigned], range: &Range, patient: PatientId) -> Result<Selected, Failure> {
    let meant = of_device.iter().filter(|one| range.has(one)).cloned();
    let (permitted, withheld): (Vec<Unassigned>, Vec<Unassigned>) = meant.partition(|one| one.why.permits(patient));
    let slots: BTreeSet<Option<u8>> = permitted.iter().map(|one| one.reading.measurement.user_slot).collect();
    if slots.len() > 1 {
        return Err(Failure::new(
            BAD_DATA,
            "these readings are of several users of the device; say --user-slot, or narrow them by --since and --until",
        ));
    }
    let withheld = summary(&withheld);
    let times = || permitted.iter().map(|one| one.reading.measurement.time.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        let left = withheld.into_iter().next().map_or_else(String::new, |line| format!(" ({line})"));
        return Err(Failure::new(
            NOT_FOUND,
            format!("the device has no such unassigned reading for this patient{left}"),
        ));
    };
    Ok(Selected { readings: permitted.iter().map(|one| one.reading.id).collect(), first, last, withheld })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_console::StoredReading;
    use bedside_vitals::*;
    use uuid::Uuid;

    const PATIENT: PatientId = PatientId(Uuid::from_u128(5));
    const OTHER: PatientId = PatientId(Uuid::from_u128(6));
    const EVERYTHING: Range = Range { since: None, until: None, user_slot: None };

    fn one(at: i64, user_slot: Option<u8>, why: WhyUnassigned) -> Unassigned {
        let (device, parameter) = (DeviceId(Uuid::from_u128(1)), Parameter::BodyWeight);
        let identity = ReadingIdentity::Sequence { sequence: at as u32, base_time: None };
        let value = Quantity { number: Decimal::whole(71).into(), unit: Unit::Kilogram };
        let measurement = Measurement {
            parameter,
            value: MeasuredValue::Single(value),
            cadence: Cadence::Spot,
            time: CorrectedTime::on_receipt(WallTime(at), BootTime::default()),
            identity,
            quality: Quality::GOOD,
            user_slot,
            glucose: None,
            temperature_site: None,
        };
        let id = ReadingId::derive(device, parameter, &identity);
        Unassigned { reading: StoredReading { id, device, patient: None, measurement, frame: None }, why }
    }

    #[test]
    fn each_reason_has_its_line_with_its_count() {
        let all = [
            one(3, None, WhyUnassigned::NotBound),
            one(2, Some(2), WhyUnassigned::UserSlot(2)),
            one(1, None, WhyUnassigned::NotBound),
        ];
        let see = "see `readings list --unassigned`";
        assert_eq!(
            summary(&all),
            [
                format!("2 readings are unassigned: measured before the device was bound; {see}"),
                format!("1 reading is unassigned: nobody confirmed whose user slot 2 is; {see}"),
            ]
        );
        assert!(summary(&[]).is_empty());
    }

    #[test]
    fn both_ends_of_the_range_belong_to_it() {
        let all: Vec<Unassigned> = (1..=5).map(|at| one(at, None, WhyUnassigned::NotBound)).collect();
        let range = Range { since: Some(WallTime(2)), until: Some(WallTime(4)), user_slot: None };
        let selected = select(&all, &range, PATIENT).unwrap();
        assert_eq!(selected.readings, all[1..4].iter().map(|one| one.reading.id).collect::<Vec<_>>());
        assert_eq!((selected.first, selected.last), (WallTime(2), WallTime(4)));
    }

    #[test]
    fn what_is_another_patients_or_nobodys_is_left_and_said() {
        let all = [
            one(3, None, WhyUnassigned::NotBound),
            one(2, None, WhyUnassigned::MeasuredFor(OTHER)),
            one(1, None, WhyUnassigned::NotOfAPerson),
        ];
        let selected = select(&all, &EVERYTHING, PATIENT).unwrap();
        assert_eq!(selected.readings, [all[0].reading.id]);
        assert_eq!(selected.withheld.len(), 2);
        let nothing = select(&all[1..], &EVERYTHING, PATIENT).unwrap_err();
        assert_eq!(nothing.code, NOT_FOUND);
    }

    #[test]
    fn readings_of_two_users_are_not_taken_for_one_persons() {
        let all = [1, 2].map(|slot| one(i64::from(slot), Some(slot), WhyUnassigned::UserSlot(slot)));
        assert_eq!(select(&all, &EVERYTHING, PATIENT).unwrap_err().code, BAD_DATA);
        let second = Range { user_slot: Some(2), ..EVERYTHING };
        assert_eq!(select(&all, &second, PATIENT).unwrap().readings, [all[1].reading.id]);
    }
}
