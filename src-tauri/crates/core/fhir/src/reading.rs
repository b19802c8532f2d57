//! One spot reading as one Observation (PhdNumericObservation and PhdCompoundNumericObservation of uv-phd 2.0.0).
//! Not here: medians of streams, and which readings are sent at all.
use crate::codes::{self, terms};
use crate::datatypes::{Annotation, CodeableConcept, Extension, Identifier, Meta, Period, Quantity, Reference};
use crate::device::key_part;
use crate::element::ResourceType;
use crate::filing::{FilingContext, NotFilable, instant, seconds_since_2000, stable_id};
use crate::glucose;
use crate::quality::{Standing, special, standing};
use crate::quantity::quantity;
use crate::resources::{Observation, ObservationComponent};
use bedside_vitals::{
    BloodPressure, Cadence, DeviceDescription, GlucoseDetails, GlucoseSample, MeasuredValue, Measurement, Number,
    Parameter, Patient, QualityFlag, TimeMethod, Unit, WallTime,
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
    /// The Observation that tells how far the device's clock was off, if its time was corrected by one.
    pub clock: Option<Uuid>,
    /// The site's policy asks a person to look first: filed as `preliminary`.
    pub needs_review: bool,
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
    let Measurement { parameter, value, cadence, time, quality, glucose: said, .. } = *input.measurement;
    let said = said.unwrap_or_default();
    if said.sample == Some(GlucoseSample::ControlSolution) || quality.has(QualityFlag::ControlSolution) {
        return Err(NotFilable::ControlSolution);
    }
    let Standing { status, withheld, interpretation, mut notes, test_data } = standing(quality, input.needs_review);
    notes.extend(time_note(time.method));
    let filed = filed_value(parameter, value, withheld.as_ref())?;
    notes.extend(filed.note);
    let modality =
        (parameter == Parameter::OxygenSaturation && cadence == Cadence::Spot).then_some(codes::SPOT_MODALITY);
    let mut component = filed.components;
    component.extend(modality.map(|code| supplemental(code, "MDC_MODALITY_SPOT")));
    component.extend(said.meal.map(glucose::meal));
    let device_time = time.device.and_then(|device| device.as_if_utc()).unwrap_or(time.received);
    let mdc = mdc_of(parameter, said);
    let key = duplicate_key(context, input.patient, input.device, mdc, device_time, modality);
    let mut extension = gateway_extension(context);
    extension
        .extend(input.clock.map(|id| Extension::reference(codes::CLOCK_EXTENSION, Reference::to("Observation", id))));
    Ok(Observation {
        id: Some(reading_id(context, input).to_string()),
        meta: Meta::for_test_data(context.test_data || input.device.simulated || test_data),
        extension,
        identifier: vec![Identifier::new(codes::DUPLICATE_KEY, key)],
        status: status.to_owned(),
        effective_date_time: Some(instant(time.at)?),
        value_quantity: filed.quantity,
        data_absent_reason: filed.absent,
        interpretation,
        note: notes,
        component,
        body_site: said.site.map(glucose::body_site),
        code: code(parameter, said, value.unit()),
        ..of_patient(parameter, input.patient, input.device)
    })
}

/// The code of what was measured: of glucose, by the fluid.
const fn mdc_of(parameter: Parameter, said: GlucoseDetails) -> u32 {
    match parameter {
        Parameter::BloodGlucose => glucose::term(said.sample).0,
        _ => parameter.mdc(),
    }
}

fn code(parameter: Parameter, said: GlucoseDetails, unit: Unit) -> CodeableConcept {
    match parameter {
        Parameter::BloodGlucose => glucose::code(said.sample, unit),
        Parameter::InterstitialGlucose => glucose::code(Some(GlucoseSample::InterstitialFluid), unit),
        _ => {
            let terms = terms(parameter);
            codes::measured(parameter.mdc(), terms.mdc_name, terms.loinc)
        }
    }
}

/// The frame of every Observation of a patient: what was measured, of whom, with which device.
pub(crate) fn of_patient(parameter: Parameter, patient: &Patient, device: &DeviceDescription) -> Observation {
    let terms = terms(parameter);
    Observation {
        resource_type: ResourceType::NEW,
        status: String::new(),
        code: codes::measured(parameter.mdc(), terms.mdc_name, terms.loinc),
        id: None,
        meta: None,
        extension: Vec::new(),
        identifier: Vec::new(),
        category: codes::categories(terms.vital_sign),
        subject: Some(Reference::to("Patient", patient.id.0)),
        effective_date_time: None,
        effective_period: None::<Period>,
        value_quantity: None,
        value_date_time: None,
        data_absent_reason: None,
        interpretation: Vec::new(),
        note: Vec::new(),
        method: None,
        body_site: None,
        device: Some(Reference::to("Device", device.id.0)),
        component: Vec::new(),
        rest: Map::new(),
    }
}

/// This console as the gateway (extension `observation-gatewayDevice`, required by the guide).
pub(crate) fn gateway_extension(context: &FilingContext) -> Vec<Extension> {
    vec![Extension::reference(codes::GATEWAY_EXTENSION, Reference::to("Device", context.gateway))]
}

/// The guide's key against duplicates: device, record number and its system, type, the device's own time in seconds since
/// 2000, supplemental codes. It cannot tell two readings of one second apart; the resource's id can.
pub(crate) fn duplicate_key(
    context: &FilingContext,
    patient: &Patient,
    device: &DeviceDescription,
    mdc: u32,
    device_time: WallTime,
    supplemental: Option<u32>,
) -> String {
    let (device, record, system) = (key_part(device), patient.record_number.reveal(), &context.record_number_system);
    let supplemental = supplemental.map_or_else(String::new, |code| format!("-{code}"));
    format!("{device}-{record}-{system}-{mdc}-{}{supplemental}", seconds_since_2000(device_time))
}

struct Filed {
    quantity: Option<Quantity>,
    absent: Option<CodeableConcept>,
    components: Vec<ObservationComponent>,
    note: Option<Annotation>,
}

fn filed_value(
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
        (150_021, "MDC_PRESS_BLD_NONINV_SYS", ("8480-6", "Systolic blood pressure"), systolic),
        (150_022, "MDC_PRESS_BLD_NONINV_DIA", ("8462-4", "Diastolic blood pressure"), diastolic),
        (150_023, "MDC_PRESS_BLD_NONINV_MEAN", ("8478-0", "Mean blood pressure"), mean),
    ];
    let components = parts
        .into_iter()
        .map(|(mdc, name, loinc, number)| {
            let (value_quantity, data_absent_reason) =
                quantity_or_reason(Parameter::BloodPressure, number, unit, withheld)?;
            let code = codes::measured(mdc, name, &[loinc]);
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
    let absent = components.iter().all(|part| part.value_quantity.is_none()).then(|| codes::absent("error"));
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

fn supplemental(code: u32, name: &str) -> ObservationComponent {
    ObservationComponent {
        code: codes::mdc(68_193, "MDC_ATTR_SUPPLEMENTAL_TYPES"),
        value_quantity: None,
        value_codeable_concept: Some(codes::mdc(code, name)),
        data_absent_reason: None,
        rest: Map::new(),
    }
}

fn time_note(method: TimeMethod) -> Option<Annotation> {
    match method {
        TimeMethod::Receipt | TimeMethod::DeviceClockCorrected | TimeMethod::TickCounter => None,
        TimeMethod::DeviceClockUnverified => {
            Some(Annotation::new("The time is the device's own; its clock could not be checked."))
        }
        TimeMethod::Unknown => Some(Annotation::new(
            "The time of measurement is unknown: the device gave no usable time. The time shown is the time of receipt.",
        )),
    }
}
