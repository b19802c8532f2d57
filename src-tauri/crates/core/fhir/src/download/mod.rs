//! What comes down from a clinic's server: pages of patients, encounters, places and orders, each resource by itself.
//! A resource that cannot be used is told and left out; it never spoils its page. Not here: which pages are asked for, and
//! what becomes of a patient that is known already (the console's).
mod members;
mod order;
mod path;
mod person;

pub use members::{Listed, MemberList, Place, Stay, parse_member_list};
pub use order::{OrderKind, ServerOrder, parse_orders};
pub use path::{members_path, orders_path, people_path, places_path, search_path, stays_path};
pub use person::{Particulars, ServerPatient};

use crate::not_fhir::NotFhir;
use bedside_vitals::WallTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// More entries than a page may bring, whatever was asked for.
pub const MOST_ENTRIES: usize = 1_000;

/// The id of a resource on the server: 1 to 64 letters, digits, `-` and `.` (FHIR R4, datatype `id`). It names a patient to
/// whoever has the server: it is not logged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(String);

impl ServerId {
    /// Checks it.
    pub fn new(text: &str) -> Option<Self> {
        let is_valid = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        // A path of dots alone would climb.
        let climbs = text.bytes().all(|b| b == b'.');
        (!climbs && text.len() <= 64 && text.bytes().all(is_valid)).then(|| Self(text.to_owned()))
    }

    /// As the server writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ServerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("▮")
    }
}

/// What is known of every downloaded resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `meta.versionId`.
    pub id: Option<String>,
    /// `meta.lastUpdated`, by the server's clock.
    pub at: Option<WallTime>,
}

/// Why a resource is left out. A stable name for IT and no health data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skipped {
    /// It is not of the shape that FHIR R4 gives it.
    Shape,
    /// It has no usable id.
    Id,
    /// A patient without a record number of the site.
    NoRecordNumber,
    /// A patient with more than one record number of the site: which one counts is not guessed.
    TwoRecordNumbers,
    /// A patient without a whole birth date: two identifiers are needed.
    NoBirthDate,
    /// A patient without a usable family and given name.
    NoName,
    /// An order that names no patient.
    NoPatient,
}

impl Skipped {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Id => "id",
            Self::NoRecordNumber => "no-record-number",
            Self::TwoRecordNumbers => "two-record-numbers",
            Self::NoBirthDate => "no-birth-date",
            Self::NoName => "no-name",
            Self::NoPatient => "no-patient",
        }
    }
}

/// One page of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What could be used.
    pub items: Vec<T>,
    /// Why others could not.
    pub skipped: Vec<Skipped>,
    /// The ids of those others that have one: the server has them, whatever is in them.
    pub unread: Vec<ServerId>,
    /// The address of the next page as the server wrote it. Whether it may be followed is not decided here.
    pub next: Option<String>,
    /// How many the whole search finds, where the server tells.
    pub total: Option<u64>,
    /// The latest `meta.lastUpdated` on the page, of all that is of the asked type.
    pub latest: Option<WallTime>,
}

impl<T> Page<T> {
    /// Resources of the asked type on it, used or not.
    pub fn len(&self) -> usize {
        self.items.len() + self.skipped.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A resource that pages are made of.
pub trait Downloaded: Sized {
    /// As FHIR writes its type.
    const NAME: &'static str;

    /// Reads one resource.
    ///
    /// # Errors
    /// Why it is left out.
    fn read(resource: Value, ids: &RecordNumbers<'_>) -> Result<Self, Skipped>;
}

/// Which identifiers of a patient are record numbers of this site.
#[derive(Clone, Copy, Debug)]
pub struct RecordNumbers<'a> {
    /// The identifier system of the site.
    pub system: &'a str,
    /// Nobody told which system is the site's: a single identifier of the type MR will do.
    pub system_is_assumed: bool,
    /// Now, for what is over already and what lies ahead.
    pub now: WallTime,
}

/// A page of resources of one type. What else it holds, such as an OperationOutcome, is left aside.
///
/// # Errors
/// Where it is no searchset, or longer than any page may be.
pub fn parse_page<T: Downloaded>(body: &str, ids: &RecordNumbers<'_>) -> Result<Page<T>, NotFhir> {
    const EXPECTED: &str = "searchset";
    let bundle: Searchset = serde_json::from_str(body).map_err(|error| NotFhir::shape("Bundle", &error))?;
    if bundle.resource_type != "Bundle" || bundle.r#type != EXPECTED {
        return Err(NotFhir::BundleType { expected: EXPECTED });
    }
    if bundle.entry.len() > MOST_ENTRIES {
        return Err(NotFhir::Length { expected: MOST_ENTRIES, got: bundle.entry.len() });
    }
    let next = bundle.link.into_iter().find(|link| link.relation == "next").map(|link| link.url);
    let mut page =
        Page { items: Vec::new(), skipped: Vec::new(), unread: Vec::new(), next, total: bundle.total, latest: None };
    for resource in bundle.entry.into_iter().filter_map(|entry| entry.resource) {
        if resource.get("resourceType").and_then(Value::as_str) != Some(T::NAME) {
            continue;
        }
        page.latest = page.latest.max(version(&resource).at);
        let id = id_of(&resource).ok();
        match T::read(resource, ids) {
            Ok(item) => page.items.push(item),
            Err(why) => {
                page.skipped.push(why);
                page.unread.extend(id);
            }
        }
    }
    Ok(page)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Searchset {
    resource_type: String,
    r#type: String,
    total: Option<u64>,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Deserialize)]
struct Entry {
    // Whatever it is: one that is broken is told by itself.
    resource: Option<Value>,
}

pub(crate) fn id_of(resource: &Value) -> Result<ServerId, Skipped> {
    resource.get("id").and_then(Value::as_str).and_then(ServerId::new).ok_or(Skipped::Id)
}

/// Of the type `kind`, out of `Patient/12`, `Patient/12/_history/3` or an absolute address that ends so.
pub(crate) fn id_in_reference(reference: Option<&Reference>, kind: &str) -> Option<ServerId> {
    let text = reference?.reference.as_deref()?;
    let text = text.split_once("/_history/").map_or(text, |(before, _)| before);
    let (rest, id) = text.rsplit_once('/')?;
    (rest == kind || rest.ends_with(&format!("/{kind}"))).then(|| ServerId::new(id)).flatten()
}

pub(crate) fn version(resource: &Value) -> Version {
    let meta = |key: &str| resource.get("meta").and_then(|meta| meta.get(key)).and_then(Value::as_str);
    let at = meta("lastUpdated").and_then(moment);
    Version { id: meta("versionId").map(str::to_owned), at }
}

pub(crate) fn moment(text: &str) -> Option<WallTime> {
    Some(WallTime(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
}

pub(crate) fn shape<T: DeserializeOwned>(resource: Value) -> Result<T, Skipped> {
    serde_json::from_value(resource).map_err(|_| Skipped::Shape)
}

/// A reference to another resource.
#[derive(Clone, Deserialize)]
pub(crate) struct Reference {
    pub(crate) reference: Option<String>,
    pub(crate) display: Option<String>,
}

/// A concept: what a person would read of it.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Concept {
    #[serde(default)]
    pub(crate) coding: Vec<Code>,
    pub(crate) text: Option<String>,
}

/// A code of a code system.
#[derive(Clone, Deserialize)]
pub(crate) struct Code {
    pub(crate) code: Option<String>,
    pub(crate) display: Option<String>,
}

impl Concept {
    /// The text as it was written, else the name of the first code that has one, else the code.
    pub(crate) fn words(&self) -> Option<String> {
        let display = || self.coding.iter().find_map(|coding| coding.display.clone());
        let code = || self.coding.iter().find_map(|coding| coding.code.clone());
        self.text.clone().or_else(display).or_else(code).and_then(words)
    }

    pub(crate) fn has(&self, code: &str) -> bool {
        self.coding.iter().any(|coding| coding.code.as_deref() == Some(code))
    }
}

/// Text to be shown: one line, at most 500 characters, without anything that reorders or hides its neighbours.
pub(crate) fn words(text: String) -> Option<String> {
    const MOST: usize = 500;
    let hides = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let plain: String = text.chars().map(|c| if hides(c) { ' ' } else { c }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() > MOST {
        // Never a dose that is cut in the middle and looks whole.
        let cut: String = plain.chars().take(MOST - 2).collect();
        return Some(cut + " …");
    }
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests;
