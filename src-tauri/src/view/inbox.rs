//! The unassigned inbox for the devices page: readings grouped by the device and the user slot they came under.
//! Not here: whose a reading may become; the console decides.
use super::catalogue::{PatientView, patient};
use super::format::age;
use super::names::{DeviceKindView, ParameterView, TimeMethodView};
use super::reading::{Reading, shown_value};
use bedside_console::{InboxReading, WhyUnassigned};
use bedside_vitals::{DeviceDescription, DeviceId, Parameter, Patient, PatientId, WallTime};
use serde::Serialize;
use ts_rs::TS;

/// What one device measured under one user slot and nobody has charted.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct InboxGroupView {
    /// Device id in this vault.
    pub(crate) device: String,
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: DeviceKindView,
    /// The user slot its readings name, if they name one.
    pub(crate) user_slot: Option<u8>,
    /// Newest first; never empty.
    pub(crate) readings: Vec<InboxReadingView>,
}

/// A reading without a patient. It is from the past: its time stands beside it wherever it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct InboxReadingView {
    /// Id in this vault.
    pub(crate) id: String,
    /// What was measured.
    pub(crate) parameter: ParameterView,
    /// Value, unit, time, source and quality with the freshness at the time of the list.
    pub(crate) reading: Reading,
    /// How the time of measurement is known.
    pub(crate) time: TimeMethodView,
    /// Why it is in no chart.
    pub(crate) why: WhyView,
    /// The patient to whom the device was bound when it was measured, where that is why.
    pub(crate) measured_for: Option<PatientView>,
    /// Whether it may become the chart's for whom the list was asked; `false` when it was asked for nobody.
    pub(crate) may_be_charted: bool,
}

/// Why a reading is in no chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "WhyUnassigned")]
pub(crate) enum WhyView {
    /// The device was bound to nobody.
    NotBound,
    /// Nobody has confirmed whose user slot it is.
    UserSlot,
    /// The device does not know its user.
    UserUnknown,
    /// From the device's memory, and nobody knows when it was measured.
    TimeUnknown,
    /// It came later, but was measured while the device was bound to a patient.
    MeasuredFor,
    /// Control solution, demonstration or test.
    NotOfAPerson,
}

/// The inbox as it is for `open`: groups in the order of their newest readings.
pub(crate) fn inbox(
    readings: &[InboxReading],
    devices: &[DeviceDescription],
    patients: &[Patient],
    open: Option<PatientId>,
    now: WallTime,
) -> Vec<InboxGroupView> {
    let mut groups: Vec<(DeviceId, InboxGroupView)> = Vec::new();
    for one in readings {
        let stored = &one.unassigned.reading;
        let slot = stored.measurement.user_slot;
        let Some(device) = devices.iter().find(|device| device.id == stored.device) else { continue };
        let view = reading_view(one, device, patients, open, now);
        match groups.iter_mut().find(|(id, group)| *id == device.id && group.user_slot == slot) {
            Some((_, group)) => group.readings.push(view),
            None => groups.push((
                device.id,
                InboxGroupView {
                    device: device.id.to_string(),
                    name: device.name.clone(),
                    kind: device.kind.into(),
                    user_slot: slot,
                    readings: vec![view],
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn reading_view(
    one: &InboxReading,
    device: &DeviceDescription,
    patients: &[Patient],
    open: Option<PatientId>,
    now: WallTime,
) -> InboxReadingView {
    let (stored, why) = (&one.unassigned.reading, one.unassigned.why);
    let measurement = &stored.measurement;
    let parameter: Parameter = measurement.parameter;
    let (why_view, whose) = match why {
        WhyUnassigned::NotBound => (WhyView::NotBound, None),
        WhyUnassigned::UserSlot(_) => (WhyView::UserSlot, None),
        WhyUnassigned::UserUnknown => (WhyView::UserUnknown, None),
        WhyUnassigned::TimeUnknown => (WhyView::TimeUnknown, None),
        WhyUnassigned::MeasuredFor(whose) => (WhyView::MeasuredFor, Some(whose)),
        WhyUnassigned::NotOfAPerson => (WhyView::NotOfAPerson, None),
    };
    let time = measurement.time;
    let last = shown_value(
        &measurement.value,
        parameter,
        age(one.age),
        (time.at, time.method),
        device.name.clone(),
        measurement.quality,
    );
    InboxReadingView {
        id: stored.id.to_string(),
        parameter: parameter.into(),
        reading: Reading { freshness: one.freshness.into(), last: Some(last) },
        time: time.method.into(),
        why: why_view,
        measured_for: whose
            .and_then(|whose| patients.iter().find(|known| known.id == whose))
            .map(|whose| patient(whose, now)),
        may_be_charted: open.is_some_and(|open| why.permits(open)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_console::{StoredReading, Unassigned};
    use bedside_vitals::*;
    use std::time::Duration;
    use uuid::Uuid;

    const METER: DeviceId = DeviceId(Uuid::from_u128(1));
    const SCALE: DeviceId = DeviceId(Uuid::from_u128(2));

    fn device(id: DeviceId, name: &str) -> DeviceDescription {
        DeviceDescription {
            id,
            kind: DeviceKind::GlucoseMeter,
            name: name.into(),
            manufacturer: None,
            model: None,
            serial: None,
            firmware: None,
            hardware: None,
            software: None,
            system_id: None,
            udi: None,
            simulated: true,
        }
    }

    fn one(number: u32, device: DeviceId, user_slot: Option<u8>, why: WhyUnassigned) -> InboxReading {
        let identity = ReadingIdentity::Sequence { sequence: number, base_time: None };
        let value = Quantity { number: Decimal::whole(104).into(), unit: Unit::MilligramPerDecilitre };
        let time = CorrectedTime::on_receipt(WallTime(i64::from(number)), BootTime::default());
        let measurement = Measurement {
            parameter: Parameter::BloodGlucose,
            value: MeasuredValue::Single(value),
            cadence: Cadence::Spot,
            time: CorrectedTime { method: TimeMethod::DeviceClockCorrected, ..time },
            identity,
            quality: Quality::GOOD,
            user_slot,
            glucose: None,
            temperature_site: None,
        };
        let id = ReadingId::derive(device, Parameter::BloodGlucose, &identity);
        let reading = StoredReading { id, device, patient: None, measurement, frame: None };
        let unassigned = Unassigned { reading, why };
        InboxReading { unassigned, freshness: Freshness::Lost, age: Duration::from_secs(172_800) }
    }

    #[test]
    fn two_users_of_one_scale_are_two_groups() {
        let slot = |n, slot| one(n, SCALE, Some(slot), WhyUnassigned::UserSlot(slot));
        let readings = [slot(9, 1), one(8, METER, None, WhyUnassigned::NotBound), slot(7, 2), slot(6, 1)];
        let groups = inbox(&readings, &[device(METER, "M"), device(SCALE, "S")], &[], None, WallTime(10));
        let found: Vec<_> = groups.iter().map(|g| (g.name.as_str(), g.user_slot, g.readings.len())).collect();
        assert_eq!(found, [("S", Some(1), 2), ("M", None, 1), ("S", Some(2), 1)]);
    }

    #[test]
    fn a_reading_keeps_unit_time_source_and_method_and_says_whether_the_open_chart_may_have_it() {
        let (mine, theirs) = (PatientId(Uuid::from_u128(5)), PatientId(Uuid::from_u128(6)));
        let readings = [
            one(3, METER, None, WhyUnassigned::NotBound),
            one(2, METER, None, WhyUnassigned::MeasuredFor(theirs)),
            one(1, METER, None, WhyUnassigned::NotOfAPerson),
        ];
        let devices = [device(METER, "Meter")];
        let groups = inbox(&readings, &devices, &[], Some(mine), WallTime(10));
        let may: Vec<bool> = groups[0].readings.iter().map(|reading| reading.may_be_charted).collect();
        assert_eq!(may, [true, false, false]);
        let first = &groups[0].readings[0];
        let last = first.reading.last.as_ref().unwrap();
        assert_eq!((last.text.as_str(), last.unit.as_str(), last.at), ("104", "mg/dL", 3));
        assert_eq!((last.source.as_str(), last.age.as_str()), ("Meter", "2 d"));
        assert_eq!(
            (first.reading.freshness, first.time),
            (super::super::reading::FreshnessView::Lost, TimeMethodView::DeviceClockCorrected)
        );
        let for_nobody = inbox(&readings, &devices, &[], None, WallTime(10));
        assert!(for_nobody[0].readings.iter().all(|reading| !reading.may_be_charted));
    }
}
