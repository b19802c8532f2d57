//! What every resource on its way to the server shares: the context of this console, the finished text, the errors.
//! Not here: what a resource says.
use bedside_vitals::{Decimal, Parameter, Unit, WallTime};
use serde::Serialize;
use serde_json::Number;
use uuid::Uuid;

/// What this console and its site add to every resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilingContext {
    /// The identifier system of the site's record numbers, a URI.
    pub record_number_system: String,
    /// The id of this console's own Device.
    pub gateway: Uuid,
    /// Everything comes from the demo vault: label it HTEST.
    pub test_data: bool,
}

/// A resource as it is stored and sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// For example `Observation`.
    pub resource_type: &'static str,
    /// The id on the server.
    pub id: Uuid,
    /// The resource as JSON. Health data.
    pub json: String,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} of {} octets", self.resource_type, self.id, self.json.len())
    }
}

/// Why something cannot be written as FHIR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFilable {
    /// Waveforms are filed as strips, not as single values.
    #[error("{0} is a waveform and no single value")]
    Waveform(Parameter),
    /// No code for it that two lists agree on: it stays in the record.
    #[error("no nomenclature has an agreed code for {0}")]
    NoCode(Parameter),
    /// Control solution is nobody's.
    #[error("control solution is no patient's reading")]
    ControlSolution,
    /// The value has another shape than the parameter asks for.
    #[error("{parameter} needs {expected}")]
    Shape {
        /// Which parameter.
        parameter: Parameter,
        /// What was expected.
        expected: &'static str,
    },
    /// The value has a unit that the parameter is never measured in.
    #[error("{parameter} cannot be measured in {unit}")]
    Unit {
        /// Which parameter.
        parameter: Parameter,
        /// The unit that came.
        unit: Unit,
    },
    /// A score is not what its own rules make it.
    #[error("a score needs {expected}")]
    Score {
        /// What was expected.
        expected: &'static str,
    },
    /// A text that says nothing, or has signs in it that FHIR does not take.
    #[error("expected a text of printable characters, lines and tabs")]
    Text,
    /// The number does not fit.
    #[error("the number of {0} is too large to be written")]
    Number(Parameter),
    /// The time lies outside the years 1 to 9999.
    #[error("expected a time in the years 1 to 9999, got {} ms since 1970", .0.0)]
    Time(WallTime),
    /// The resource has no id that is a UUID.
    #[error("the {0} has no id that is a UUID")]
    Id(&'static str),
    /// The JSON writer failed.
    #[error("the {0} could not be written as JSON")]
    Json(&'static str),
}

/// A resource that can be sent.
pub trait Resource: Serialize + crate::element::TypeName {
    /// The id on the server.
    fn id(&self) -> Option<&str>;

    /// The finished text with its type and id.
    fn document(&self) -> Result<Document, NotFilable> {
        let id = self.id().and_then(|id| Uuid::parse_str(id).ok()).ok_or(NotFilable::Id(Self::NAME))?;
        let json = serde_json::to_string(self).map_err(|_| NotFilable::Json(Self::NAME))?;
        Ok(Document { resource_type: Self::NAME, id, json })
    }
}

/// An instant as FHIR writes it: RFC 3339 in UTC with milliseconds.
pub(crate) fn instant(time: WallTime) -> Result<String, NotFilable> {
    let year = time.timestamp().map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).year());
    match year {
        Some(1..=9999) => Ok(time.to_string()),
        _ => Err(NotFilable::Time(time)),
    }
}

/// Seconds since 2000-01-01, as the guide's key counts.
pub(crate) const fn seconds_since_2000(time: WallTime) -> i64 {
    const SECONDS_1970_TO_2000: i64 = 946_684_800;
    time.0.div_euclid(1000) - SECONDS_1970_TO_2000
}

/// The decimal with all the digits it came with.
pub(crate) fn number(decimal: Decimal, parameter: Parameter) -> Result<Number, NotFilable> {
    decimal.to_string().parse().map_err(|_| NotFilable::Number(parameter))
}

/// A version 5 id: the same name gives the same id on every computer.
pub(crate) fn stable_id(name: &str) -> Uuid {
    const NAMESPACE: Uuid = Uuid::from_u128(0x2f0c_9a51_7d3e_5b86_a4d1_90e7_3c68_15fb);
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}
