//! One spot reading as one Observation (PhdNumericObservation and PhdCompoundNumericObservation of uv-phd 2.0.0).
//! Not here: medians of streams, and which readings are sent at all.
use crate::codes::{self, Term};
use crate::datatypes::{Annotation, CodeableConcept, Extension, Identifier, Meta, Period, Quantity, Reference};
use crate::device::key_part;
use crate::element::ResourceType;
use crate::filing::{FilingContext, NotFilable, instant, seconds_since_2000, stable_id};
use crate::glucose;
use crate::person::Person;
use crate::quality::{Standing, special, standing};
use crate::quantity::quantity;
use crate::resources::{Observation, ObservationComponent};
use crate::temperature;
use bedside_vitals::{
    BloodPressure, Cadence, DeviceDescription, GlucoseSample, MeasuredValue, Measurement, Number, Parameter, Patient,
    QualityFlag, TimeMethod, Unit, WallTime,
};
use serde_json::Map;
use uuid::Uuid;

/// A spot reading with all that its Observation refers to.
#[derive(Clone, Copy, Debug)]
pub struct ReadingInput<'a> {
    /// Whose reading.
    pub patient: &'a Patient,
    /// The device that measured.
    pub device: &'a DeviceDescription,
    /// What it measured.
    pub measurement: &'a Measurement,
    /// The Observation that tells how far the device's clock was off, if its time was corrected by one, or that the clock
    /// is at fault.
    pub clock: Option<Uuid>,
    /// The reading's Observation that this one was computed from, such as the weight of a body mass index.
    pub derived_from: Option<Uuid>,
    /// Who measured, if somebody was signed in. Of a value from a device's memory only the device knows, so nobody is
    /// named.
    pub performer: Option<&'a Person>,
    /// The site's policy asks a person to look first: filed as `preliminary`.
    pub needs_review: bool,
}

impl<'a> ReadingInput<'a> {
    /// A reading that refers to nothing else and waits for nobody.
    pub const fn new(patient: &'a Patient, device: &'a DeviceDescription, measurement: &'a Measurement) -> Self {
        Self { patient, device, measurement, clock: None, derived_from: None, performer: None, needs_review: false }
    }
}

/// The id of a reading's Observation: the same on every computer that knows the site's record number and the device.
/// Never made from the value: two equal readings of one minute are two.
pub fn reading_id(context: &FilingContext, input: &ReadingInput<'_>) -> Uuid {
    let Measurement { parameter, identity, .. } = input.measurement;
    let (system, record) = (&context.record_number_system, input.patient.record_number.reveal());
    stable_id(&format!("reading|{}|{record}|{system}|{}|{identity}", input.device.id, parameter.mdc()))
}

/// One spot reading as one Observation. A special value, an invalid one and one without sensor contact give their reason
/// in place of a number. The time is the corrected one; when that is unknown it is the time of receipt, and a note says so.
pub fn reading_observation(context: &FilingContext, input: &ReadingInput<'_>) -> Result<Observation, NotFilable> {
    let Measurement { parameter, value, cadence, time, quality, glucose: said, temperature_site, .. } =
        *input.measurement;
    let said = said.unwrap_or_default();
    if said.sample == Some(GlucoseSample::ControlSolution) || quality.has(QualityFlag::ControlSolution) {
        return Err(NotFilable::ControlSolution);
    }
    let Standing { status, withheld, interpretation, mut notes, test_data } = standing(quality, input.needs_review);
    notes.extend(time_note(time.method));
    let filed = filed_value(parameter, value, withheld.as_ref())?;
    notes.extend(filed.note);
    let modality =
        (parameter == Parameter::OxygenSaturation && cadence == Cadence::Spot).then_some(codes::MODALITY_SPOT);
    let mut component = filed.components;
    component.extend(modality.map(supplemental));
    component.extend(said.meal.map(glucose::meal));
    let device_time = time.device.and_then(|device| device.as_if_utc()).unwrap_or(time.received);
    let term = term(input.measurement).ok_or(NotFilable::NoCode(parameter))?;
    let key = duplicate_key(context, input.patient, input.device, term, device_time, modality);
    let performer = input.performer.filter(|_| !quality.has(QualityFlag::FromStorage));
    let mut extension = gateway_extension(context);
    extension.extend(
        input.clock.map(|id| Extension::reference(codes::uri::CLOCK_EXTENSION, Reference::to("Observation", id))),
    );
    let id = reading_id(context, input);
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data || input.device.simulated || test_data),
        extension,
        identifier: identifiers(key, id),
        status: status.to_owned(),
        effective_date_time: Some(instant(time.at)?),
        value_quantity: filed.quantity,
        data_absent_reason: filed.absent,
        interpretation,
        note: notes,
        component,
        body_site: said.site.map(glucose::body_site).or(temperature_site.map(temperature::body_site)),
        code: code(input.measurement),
        performer: performer.map(Person::reference).into_iter().collect(),
        derived_from: input.derived_from.map(|id| Reference::to("Observation", id)).into_iter().collect(),
        ..of_patient(parameter, input.patient, input.device)
    })
}

/// The term of what was measured: of glucose by the fluid, of a temperature by the place.
const fn term(measurement: &Measurement) -> Option<Term> {
    match (measurement.parameter, measurement.glucose) {
        (Parameter::BloodGlucose, Some(said)) => Some(glucose::term(said.sample)),
        (Parameter::BloodGlucose, None) => Some(glucose::term(None)),
        (Parameter::BodyTemperature, _) => Some(temperature::term(measurement.temperature_site)),
        (parameter, _) => codes::terms(parameter).mdc,
    }
}

/// The code of what was measured: of glucose by the fluid and the unit, of a temperature by the place.
pub(crate) fn code(measurement: &Measurement) -> CodeableConcept {
    let Measurement { parameter, value, glucose: said, temperature_site, .. } = measurement;
    match parameter {
        Parameter::BloodGlucose => glucose::code(said.and_then(|said| said.sample), value.unit()),
        Parameter::InterstitialGlucose => glucose::code(Some(GlucoseSample::InterstitialFluid), value.unit()),
        Parameter::BodyTemperature => temperature::code(*temperature_site),
        _ => codes::of_parameter(*parameter),
    }
}

/// The frame of every Observation of a patient: what was measured, of whom, with which device.
pub(crate) fn of_patient(parameter: Parameter, patient: &Patient, device: &DeviceDescription) -> Observation {
    Observation {
        subject: Some(Reference::to("Patient", patient.id.0)),
        device: Some(Reference::to("Device", device.id.0)),
        ..frame(codes::of_parameter(parameter), codes::categories(codes::terms(parameter).vital_sign))
    }
}

/// The frame of every Observation of a device itself.
pub(crate) fn of_device(term: Term, device: &DeviceDescription) -> Observation {
    Observation {
        status: "final".to_owned(),
        subject: Some(Reference::to("Device", device.id.0)),
        ..frame(codes::mdc(term), codes::categories(false))
    }
}

/// The frame of every Observation: nothing but what it is of.
pub(crate) fn frame(code: CodeableConcept, category: Vec<CodeableConcept>) -> Observation {
    Observation {
        resource_type: ResourceType::NEW,
        status: String::new(),
        code,
        id: None,
        meta: None,
        extension: Vec::new(),
        identifier: Vec::new(),
        category,
        subject: None,
        effective_date_time: None,
        effective_period: None::<Period>,
        value_quantity: None,
        value_sampled_data: None,
        value_string: None,
        value_date_time: None,
        data_absent_reason: None,
        interpretation: Vec::new(),
        note: Vec::new(),
        method: None,
        body_site: None,
        performer: Vec::new(),
        device: None,
        derived_from: Vec::new(),
        component: Vec::new(),
        rest: Map::new(),
    }
}

/// This console as the gateway (extension `observation-gatewayDevice`, required by the guide).
pub(crate) fn gateway_extension(context: &FilingContext) -> Vec<Extension> {
    vec![Extension::reference(codes::uri::GATEWAY_EXTENSION, Reference::to("Device", context.gateway))]
}

/// The guide's key against duplicates, and our own id, which a server that gives ids itself knows the measurement by: the
/// key cannot tell two readings of one second apart.
pub(crate) fn identifiers(key: String, id: Uuid) -> Vec<Identifier> {
    vec![Identifier::new(codes::uri::DUPLICATE_KEY, key), Identifier::of_uuid(id)]
}

/// The guide's key against duplicates: device, record number and its system, type, the device's own time in seconds since
/// 2000, supplemental codes.
pub(crate) fn duplicate_key(
    context: &FilingContext,
    patient: &Patient,
    device: &DeviceDescription,
    term: Term,
    device_time: WallTime,
    supplemental: Option<Term>,
) -> String {
    let (device, record, system) = (key_part(device), patient.record_number.reveal(), &context.record_number_system);
    let supplemental = supplemental.map_or_else(String::new, |term| format!("-{}", term.code));
    format!("{device}-{record}-{system}-{}-{}{supplemental}", term.code, seconds_since_2000(device_time))
}

/// A value as it stands in an Observation.
pub(crate) struct Filed {
    pub(crate) quantity: Option<Quantity>,
    pub(crate) absent: Option<CodeableConcept>,
    pub(crate) components: Vec<ObservationComponent>,
    pub(crate) note: Option<Annotation>,
}

/// The value of a parameter, or why there is none; `withheld` is a reason to give none.
pub(crate) fn filed_value(
    parameter: Parameter,
    value: MeasuredValue,
    withheld: Option<&CodeableConcept>,
) -> Result<Filed, NotFilable> {
    match (parameter, value) {
        (Parameter::Electrocardiogram | Parameter::Plethysmogram, _) => Err(NotFilable::Waveform(parameter)),
        _ if !parameter.is_standard() => Err(NotFilable::NoCode(parameter)),
        (Parameter::BloodPressure, MeasuredValue::Pressures(pressures)) => filed_pressures(pressures, withheld),
        (Parameter::BloodPressure, MeasuredValue::Single(_)) => {
            Err(NotFilable::Shape { parameter, expected: "systolic, diastolic and mean pressure" })
        }
        (_, MeasuredValue::Pressures(_)) => Err(NotFilable::Shape { parameter, expected: "one number" }),
        (_, MeasuredValue::Single(single)) => {
            let (quantity, absent) = quantity_or_reason(parameter, single.number, single.unit, withheld)?;
            Ok(Filed { quantity, absent, components: Vec::new(), note: None })
        }
    }
}

fn filed_pressures(pressures: BloodPressure, withheld: Option<&CodeableConcept>) -> Result<Filed, NotFilable> {
    let BloodPressure { systolic, diastolic, mean, unit } = pressures;
    let parts = [
        (codes::SYSTOLIC, codes::LOINC_SYSTOLIC, systolic),
        (codes::DIASTOLIC, codes::LOINC_DIASTOLIC, diastolic),
        (codes::MEAN_PRESSURE, codes::LOINC_MEAN_PRESSURE, mean),
    ];
    let components = parts
        .into_iter()
        .map(|(term, loinc, number)| {
            let (value_quantity, data_absent_reason) =
                quantity_or_reason(Parameter::BloodPressure, number, unit, withheld)?;
            let code = codes::measured(term, &[loinc]);
            Ok(ObservationComponent {
                code,
                value_quantity,
                value_codeable_concept: None,
                data_absent_reason,
                rest: Map::new(),
            })
        })
        .collect::<Result<Vec<_>, NotFilable>>()?;
    let converted = unit == Unit::Kilopascal && withheld.is_none();
    let note = converted
        .then(|| Annotation::new(format!("Measured in kPa: systolic {systolic}, diastolic {diastolic}, mean {mean}.")));
    // Every part carries its own reason, but a panel without a single value needs one too.
    let absent =
        components.iter().all(|part| part.value_quantity.is_none()).then(|| codes::concept(codes::ABSENT_ERROR));
    Ok(Filed { quantity: None, absent, components, note })
}

fn quantity_or_reason(
    parameter: Parameter,
    number: Number,
    unit: Unit,
    withheld: Option<&CodeableConcept>,
) -> Result<(Option<Quantity>, Option<CodeableConcept>), NotFilable> {
    Ok(match (withheld, number) {
        (_, Number::Special(state)) => (None, Some(special(state))),
        (Some(reason), Number::Value(_)) => (None, Some(reason.clone())),
        (None, Number::Value(decimal)) => (Some(quantity(parameter, decimal, unit)?), None),
    })
}

fn supplemental(term: Term) -> ObservationComponent {
    ObservationComponent {
        code: codes::mdc(codes::SUPPLEMENTAL_TYPES),
        value_quantity: None,
        value_codeable_concept: Some(codes::mdc(term)),
        data_absent_reason: None,
        rest: Map::new(),
    }
}

fn time_note(method: TimeMethod) -> Option<Annotation> {
    match method {
        TimeMethod::Receipt | TimeMethod::DeviceClockCorrected | TimeMethod::TickCounter => None,
        TimeMethod::DeviceClockUnverified => {
            Some(Annotation::new("The time is the device's own; it could not be corrected by the device's clock."))
        }
        TimeMethod::Unknown => Some(Annotation::new(
            "The time of measurement is unknown: the device gave no usable time. The time shown is the time of receipt.",
        )),
    }
}
