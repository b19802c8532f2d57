//! Patients and enrolled devices for the lists. Names and numbers leave their `Sensitive` wrapping here, for the screen.
//! Nothing here is logged.
use super::clinic_list::{AtClinicView, at_clinic};
use super::format::age;
use super::names::DeviceKindView;
use bedside_console::PatientLine;
use bedside_vitals::{DeviceDescription, Patient, Sex, WallTime};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use ts_rs::TS;

/// A patient as the banner shows one.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct PatientView {
    /// Id in this vault.
    pub(crate) id: String,
    /// Family name.
    pub(crate) family: String,
    /// Given names.
    pub(crate) given: String,
    /// `YYYY-MM-DD`.
    pub(crate) birth_date: String,
    /// Completed years.
    pub(crate) age_years: Option<u16>,
    /// FHIR code.
    pub(crate) sex: SexView,
    /// First identifier.
    pub(crate) record_number: String,
    /// Bed.
    pub(crate) bed: Option<String>,
}

super::names::mirrored! {
    /// Administrative sex: the four codes of FHIR.
    SexView as "Sex" of Sex { Female, Male, Other, Unknown }
}

/// A line of the patients page.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct PatientLineView {
    /// Who.
    pub(crate) patient: PatientView,
    /// Another patient has the same family name.
    pub(crate) name_alert: bool,
    /// When the last value was measured, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) last_value: Option<i64>,
    /// Its age when the list was read, with its unit.
    pub(crate) last_value_age: Option<String>,
    /// Records the server has not accepted.
    #[ts(type = "number")]
    pub(crate) unsent: u64,
    /// Where the patient stands at the clinic's server.
    pub(crate) at_clinic: AtClinicView,
}

/// A device that was bound before.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct EnrolledView {
    /// Id in this vault.
    pub(crate) device: String,
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: DeviceKindView,
    /// Maker and model as reported.
    pub(crate) model: Option<String>,
    /// Serial number as reported.
    pub(crate) serial: Option<String>,
    /// Who it is bound to.
    pub(crate) patient: Option<PatientView>,
    /// Since when, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) bound_since: Option<i64>,
}

/// A patient for the screen.
pub(crate) fn patient(patient: &Patient, today: WallTime) -> PatientView {
    PatientView {
        id: patient.id.to_string(),
        family: patient.family.reveal().clone(),
        given: patient.given.reveal().clone(),
        birth_date: patient.birth_date.iso(),
        age_years: patient.birth_date.age_years(today),
        sex: patient.sex.into(),
        record_number: patient.record_number.reveal().to_owned(),
        bed: patient.bed.as_ref().map(|bed| bed.reveal().clone()),
    }
}

/// A line of the patients page at `now`.
pub(crate) fn patient_line(line: &PatientLine, now: WallTime) -> PatientLineView {
    let last = line.activity.last_value;
    PatientLineView {
        patient: patient(&line.patient, now),
        name_alert: line.name_alert,
        last_value: last.map(|at| at.0),
        last_value_age: last.map(|at| age_of(at, now)),
        unsent: line.activity.unsent,
        at_clinic: at_clinic(line.at_clinic),
    }
}

/// A device that was bound before, and to whom it is bound now.
pub(crate) fn enrolled(device: &DeviceDescription, bound: Option<(&Patient, WallTime)>, now: WallTime) -> EnrolledView {
    EnrolledView {
        device: device.id.to_string(),
        name: device.name.clone(),
        kind: device.kind.into(),
        model: model(device),
        serial: device.serial.clone(),
        patient: bound.map(|(who, _)| patient(who, now)),
        bound_since: bound.map(|(_, since)| since.0),
    }
}

/// Maker and model of a device, as reported.
pub(crate) fn model(device: &DeviceDescription) -> Option<String> {
    match (&device.manufacturer, &device.model) {
        (Some(maker), Some(model)) => Some(format!("{maker} {model}")),
        (maker, model) => maker.clone().or_else(|| model.clone()),
    }
}

/// The age of something at `now`; a time ahead of the clock has age 0.
pub(crate) fn age_of(at: WallTime, now: WallTime) -> String {
    age(Duration::from_millis(now.millis_since(at).max(0).unsigned_abs()))
}
