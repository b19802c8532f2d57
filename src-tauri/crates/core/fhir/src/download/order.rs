//! What is ordered for a patient: ServiceRequest and MedicationRequest, in the words of whoever wrote them.
//! Nothing is computed from a dose or a schedule. Not here: which orders are shown.
use super::{
    Concept, Downloaded, Page, RecordNumbers, Reference, ServerId, Skipped, Version, id_in_reference, id_of, moment,
    parse_page, shape, version, words,
};
use crate::not_fhir::NotFhir;
use bedside_vitals::WallTime;
use serde::Deserialize;
use serde_json::Value;

/// What kind of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderKind {
    /// Something to be done or measured (ServiceRequest).
    Service,
    /// A medication (MedicationRequest).
    Medication,
}

impl OrderKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Service, Self::Medication];

    /// As FHIR writes it; also the stable name in the store.
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::Service => "ServiceRequest",
            Self::Medication => "MedicationRequest",
        }
    }

    /// The kind of a resource type.
    pub fn from_resource_type(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.resource_type() == name)
    }

    /// States in which an order stands (request-status and medicationrequest-status of R4).
    pub const fn open_states(self) -> [&'static str; 2] {
        ["active", "on-hold"]
    }
}

/// An order. All of it is health data.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerOrder {
    /// What kind.
    pub kind: OrderKind,
    /// Its id on the server.
    pub id: ServerId,
    /// Which state of it.
    pub version: Version,
    /// For whom.
    pub patient: ServerId,
    /// `active`, `on-hold`, `completed`, …
    pub status: String,
    /// What is to be done, or the medication.
    pub what: String,
    /// How much at a time, as it was written.
    pub dose: Option<String>,
    /// When, as it was written.
    pub schedule: Option<String>,
    /// When it was written.
    pub authored: Option<WallTime>,
    /// `doNotPerform`: it says what is not to be done.
    pub is_prohibition: bool,
}

impl std::fmt::Debug for ServerOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} order ▮", self.kind)
    }
}

/// A page of orders of one kind.
///
/// # Errors
/// Where it is no searchset, or longer than any page may be.
pub fn parse_orders(kind: OrderKind, body: &str, ids: &RecordNumbers<'_>) -> Result<Page<ServerOrder>, NotFhir> {
    fn plain<T>(page: Page<T>, of: impl Fn(T) -> ServerOrder) -> Page<ServerOrder> {
        let Page { items, skipped, unread, next, total, latest } = page;
        Page { items: items.into_iter().map(of).collect(), skipped, unread, next, total, latest }
    }
    Ok(match kind {
        OrderKind::Service => plain(parse_page::<Service>(body, ids)?, |one| one.0),
        OrderKind::Medication => plain(parse_page::<Medication>(body, ids)?, |one| one.0),
    })
}

struct Service(ServerOrder);

struct Medication(ServerOrder);

impl Downloaded for Service {
    const NAME: &'static str = "ServiceRequest";

    fn read(resource: Value, _: &RecordNumbers<'_>) -> Result<Self, Skipped> {
        let (id, version) = (id_of(&resource)?, version(&resource));
        let read: RequestRead = shape(resource)?;
        let what = read.code.as_ref().and_then(Concept::words);
        let schedule = match (&read.occurrence_timing, &read.occurrence_date_time) {
            (Some(timing), _) => timing.words(),
            (None, Some(at)) => words(at.clone()),
            (None, None) => None,
        };
        read.order(OrderKind::Service, id, version, what, None, schedule).map(Self)
    }
}

impl Downloaded for Medication {
    const NAME: &'static str = "MedicationRequest";

    fn read(resource: Value, _: &RecordNumbers<'_>) -> Result<Self, Skipped> {
        let (id, version) = (id_of(&resource)?, version(&resource));
        let read: RequestRead = shape(resource)?;
        let of_reference = || read.medication_reference.as_ref()?.display.clone().and_then(words);
        let of_contained = || read.contained.iter().find_map(|one| one.code.as_ref().and_then(Concept::words));
        let what = read.medication_codeable_concept.as_ref().and_then(Concept::words);
        let what = what.or_else(of_reference).or_else(of_contained);
        let each = |of: fn(&Dosage) -> Option<String>| {
            // Several instructions stand one after another, each as it was written.
            let all: Vec<String> = read.dosage_instruction.iter().filter_map(of).collect();
            words(all.join("; "))
        };
        let (dose, schedule) = (each(Dosage::dose), each(Dosage::schedule));
        read.order(OrderKind::Medication, id, version, what, dose, schedule).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestRead {
    status: Option<String>,
    subject: Option<Reference>,
    authored_on: Option<String>,
    #[serde(default)]
    do_not_perform: bool,
    code: Option<Concept>,
    occurrence_date_time: Option<String>,
    occurrence_timing: Option<Timing>,
    medication_codeable_concept: Option<Concept>,
    medication_reference: Option<Reference>,
    #[serde(default)]
    contained: Vec<Contained>,
    #[serde(default)]
    dosage_instruction: Vec<Dosage>,
}

impl RequestRead {
    fn order(
        self,
        kind: OrderKind,
        id: ServerId,
        version: Version,
        what: Option<String>,
        dose: Option<String>,
        schedule: Option<String>,
    ) -> Result<ServerOrder, Skipped> {
        let patient = id_in_reference(self.subject.as_ref(), "Patient").ok_or(Skipped::NoPatient)?;
        Ok(ServerOrder {
            kind,
            id,
            version,
            patient,
            status: self.status.and_then(words).ok_or(Skipped::Shape)?,
            // An order that does not say what is ordered is none.
            what: what.ok_or(Skipped::Shape)?,
            dose,
            schedule,
            authored: self.authored_on.as_deref().and_then(moment),
            is_prohibition: self.do_not_perform,
        })
    }
}

#[derive(Deserialize)]
struct Contained {
    code: Option<Concept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dosage {
    text: Option<String>,
    timing: Option<Timing>,
    as_needed_boolean: Option<bool>,
    route: Option<Concept>,
    #[serde(default)]
    dose_and_rate: Vec<DoseAndRate>,
}

impl Dosage {
    /// The prescriber's own text; else the amounts with their units, never converted.
    fn dose(&self) -> Option<String> {
        if let Some(text) = self.text.clone().and_then(words) {
            return Some(text);
        }
        let amounts: Vec<String> = self.dose_and_rate.iter().filter_map(DoseAndRate::words).collect();
        let route = self.route.as_ref().and_then(Concept::words);
        let all: Vec<String> = amounts.into_iter().chain(route).collect();
        words(all.join(", "))
    }

    fn schedule(&self) -> Option<String> {
        let timing = self.timing.as_ref().and_then(Timing::words);
        let as_needed = (self.as_needed_boolean == Some(true)).then(|| "as needed".to_owned());
        let all: Vec<String> = timing.into_iter().chain(as_needed).collect();
        words(all.join(", "))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DoseAndRate {
    dose_quantity: Option<Amount>,
    dose_range: Option<Range>,
}

impl DoseAndRate {
    fn words(&self) -> Option<String> {
        let range = |range: &Range| {
            let (low, high) = (range.low.as_ref()?.words()?, range.high.as_ref()?.words()?);
            Some(format!("{low} to {high}"))
        };
        self.dose_quantity.as_ref().and_then(Amount::words).or_else(|| self.dose_range.as_ref().and_then(range))
    }
}

#[derive(Deserialize)]
struct Range {
    low: Option<Amount>,
    high: Option<Amount>,
}

#[derive(Deserialize)]
struct Amount {
    // As it is written, with its digits.
    value: Option<serde_json::Number>,
    comparator: Option<String>,
    unit: Option<String>,
    code: Option<String>,
}

impl Amount {
    /// An amount without its unit is not shown: it could be taken for another.
    fn words(&self) -> Option<String> {
        let unit = self.unit.as_ref().or(self.code.as_ref())?;
        let comparator = self.comparator.as_deref().unwrap_or_default();
        Some(format!("{comparator}{} {unit}", self.value.as_ref()?))
    }
}

#[derive(Deserialize)]
struct Timing {
    code: Option<Concept>,
    repeat: Option<Repeat>,
    #[serde(default)]
    event: Vec<String>,
}

impl Timing {
    fn words(&self) -> Option<String> {
        let coded = self.code.as_ref().and_then(Concept::words);
        let repeated = || self.repeat.as_ref().and_then(Repeat::words);
        let events = || words(self.event.join(", "));
        coded.or_else(repeated).or_else(events)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repeat {
    frequency: Option<u32>,
    frequency_max: Option<u32>,
    period: Option<serde_json::Number>,
    period_unit: Option<String>,
    #[serde(default)]
    time_of_day: Vec<String>,
    #[serde(default)]
    when: Vec<String>,
    #[serde(default)]
    day_of_week: Vec<String>,
}

impl Repeat {
    fn words(&self) -> Option<String> {
        let mut parts = Vec::new();
        if let (Some(period), Some(unit)) = (&self.period, &self.period_unit) {
            let times = self.frequency.unwrap_or(1);
            let times = self.frequency_max.map_or(times.to_string(), |most| format!("{times} to {most}"));
            parts.push(format!("{times} × per {period} {unit}"));
        }
        parts.extend((!self.day_of_week.is_empty()).then(|| self.day_of_week.join(", ")));
        parts.extend((!self.time_of_day.is_empty()).then(|| self.time_of_day.join(", ")));
        parts.extend((!self.when.is_empty()).then(|| self.when.join(", ")));
        words(parts.join("; "))
    }
}
