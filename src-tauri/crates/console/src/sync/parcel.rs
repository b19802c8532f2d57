//! Rows on their way: the resources of a try as they are sent, the request that carries them, and its answer row by row.
//! Not here: FHIR itself (`bedside-fhir`), which rows go together, and what an answer means (`bedside-outbox`).
use crate::ports::{Answer, ClinicAnswer, ClinicRequest, Method, Query, RecordStore, StoreFault};
use bedside_fhir::{Arrived, BatchRow, EntryOutcome, HowSent, NotFhir, ServerName};
use bedside_outbox::{AuthorId, EntryAnswer, Found, Naming, OutboxRow, RowId, ServerCopy, Try, TryKind, TryResult};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The rows of a try with their resources, in order.
pub(crate) struct Parcel {
    kind: TryKind,
    naming: Naming,
    pub(super) measured_by: Option<AuthorId>,
    rows: Vec<Sendable>,
    /// The server's base URL.
    address: String,
    /// A row that is not in the store.
    missing: Option<RowId>,
}

struct Sendable {
    id: RowId,
    resource_type: String,
    resource: Uuid,
    /// With references in the server's words. Health data.
    json: String,
    how: How,
}

enum How {
    AtOurId,
    FirstAtOurId,
    Over { id: String, version: Option<String> },
    IfNoneExists,
    OverIdentified,
}

/// The rows of a try as they are stored, and what the server calls them and those that they refer to.
pub(super) struct Loaded {
    pub(super) rows: Vec<OutboxRow>,
    /// The server's base URL.
    address: String,
    known: BTreeMap<Uuid, ServerCopy>,
}

impl Loaded {
    /// Reads them for the server of this base URL: what another server calls them is nothing to it.
    pub(super) async fn read(store: &dyn RecordStore, next: &Try, address: String) -> Result<Self, StoreFault> {
        let Answer::OutboxRows(rows) = store.read(Query::TheseRows(next.rows.clone())).await? else {
            return Err(StoreFault::another_answer());
        };
        let of = |row: &OutboxRow| {
            let depends_on = row.depends_on.iter().map(|id| id.0);
            std::iter::once(row.resource_id).chain(depends_on).chain(referred_to(&row.payload)).collect()
        };
        let resources: Vec<Vec<Uuid>> = rows.iter().map(of).collect();
        let mut asked: Vec<Uuid> = resources.concat();
        asked.sort_unstable();
        asked.dedup();
        let query = Query::ServerCopies { server: address.clone(), resources: asked };
        let Answer::ServerCopies(known) = store.read(query).await? else {
            return Err(StoreFault::another_answer());
        };
        Ok(Self { rows, address, known: known.into_iter().map(|one| (one.resource, one.server)).collect() })
    }
}

impl Parcel {
    pub(super) fn new(Loaded { rows, address, known }: Loaded, next: &Try) -> Self {
        let missing = next.rows.iter().find(|id| rows.iter().all(|row| row.id != **id)).copied();
        let rows = rows.into_iter().map(|row| sendable(row, &known, &address, next.naming)).collect();
        Self { kind: next.kind, naming: next.naming, measured_by: next.measured_by, rows, address, missing }
    }

    /// A batch to the base URL, or the question which of the rows the server has. The culprit, when one cannot be sent.
    pub(super) fn request(&self) -> Result<ClinicRequest, (RowId, String)> {
        if let Some(id) = self.missing {
            return Err((id, "its resource is not in the store".into()));
        }
        let batch = self.batch();
        match (self.kind, self.naming) {
            (TryKind::Send, _) => {
                let body = bedside_fhir::batch_bundle(&batch).map_err(|bad| {
                    let id = self.rows.get(bad.index).map_or(RowId(Uuid::nil()), |row| row.id);
                    (id, bad.reason.to_string())
                })?;
                Ok(ClinicRequest { method: Method::Post, path: String::new(), body: Some(body) })
            }
            (TryKind::AskWhichArrived, Naming::OurId) => {
                let at_server = |row: &Sendable| row.id_at_server().unwrap_or_else(|| row.resource.to_string());
                let ids: Vec<String> = self.rows.iter().map(at_server).collect();
                let resource_type = self.rows.first().map_or("", |row| row.resource_type.as_str());
                let path = bedside_fhir::ids_search_path(resource_type, &ids);
                Ok(ClinicRequest { method: Method::Get, path, body: None })
            }
            (TryKind::AskWhichArrived, Naming::Identifier) => {
                let path = bedside_fhir::identifiers_search_path(&batch).ok_or_else(|| {
                    let nameless =
                        |row: &&Sendable| bedside_fhir::identifiers_search_path(&[row.batch_row()]).is_none();
                    let id = self.rows.iter().find(nameless).map_or(RowId(Uuid::nil()), |row| row.id);
                    (id, "the server gives ids itself, and this record has no identifier".to_owned())
                })?;
                Ok(ClinicRequest { method: Method::Get, path, body: None })
            }
        }
    }

    /// What the answer says of each row.
    pub(super) fn read(&self, answer: ClinicAnswer) -> TryResult {
        let ClinicAnswer { status, content_type, retry_after, body, .. } = answer;
        if status != 200 {
            let summary = bedside_fhir::operation_outcome(&body);
            let too_large = summary.as_ref().is_some_and(|summary| summary.too_large);
            let text = summary.map(|summary| summary.text).unwrap_or_default();
            return TryResult::Status { status, retry_after, too_large, text };
        }
        if !content_type.as_deref().is_some_and(|media| media.contains("json")) {
            return TryResult::NotFhir("expected FHIR JSON, got another type of content".into());
        }
        match (self.kind, self.naming) {
            (TryKind::Send, _) => match bedside_fhir::parse_batch_answer(&body, self.rows.len()) {
                Ok(outcomes) => self.entries(outcomes),
                Err(error) => TryResult::NotFhir(error.to_string()),
            },
            (TryKind::AskWhichArrived, Naming::OurId) => {
                self.arrived(bedside_fhir::parse_ids_answer(&body, &self.batch()))
            }
            (TryKind::AskWhichArrived, Naming::Identifier) => {
                self.arrived(bedside_fhir::parse_identifiers_answer(&body, &self.batch()))
            }
        }
    }

    fn entries(&self, outcomes: Vec<EntryOutcome>) -> TryResult {
        let mut answers = Vec::new();
        for (row, EntryOutcome { status, text, server, refuses_our_id }) in self.rows.iter().zip(outcomes) {
            let told = server.map(|name| server_copy(name, &self.address));
            // Entries in another order than they were sent are told by the ids in them: nothing is known of any then.
            if let (Some(told), Some(sent)) = (&told, row.id_at_server())
                && told.id != sent
            {
                return TryResult::NotFhir(
                    "an entry of the answer is about another resource than was sent there".into(),
                );
            }
            let stored = matches!(status, 200 | 201 | 204);
            let by_us = || {
                let address = self.address.clone();
                row.id_at_server().map(|id| ServerCopy { address, id, version: None, modified: None })
            };
            let server = told.or_else(by_us).filter(|_| stored);
            answers.push(EntryAnswer { status, text, server, refuses_our_id });
        }
        TryResult::Entries(answers)
    }

    fn arrived(&self, found: Result<Vec<Arrived>, NotFhir>) -> TryResult {
        let one = |Arrived { id, copies, server, is_another }| {
            let server = server.map(|name| server_copy(name, &self.address));
            Found { resource_id: id, copies, server, is_another }
        };
        match found {
            Ok(found) => TryResult::Arrived(found.into_iter().map(one).collect()),
            Err(error) => TryResult::NotFhir(error.to_string()),
        }
    }

    fn batch(&self) -> Vec<BatchRow<'_>> {
        self.rows.iter().map(Sendable::batch_row).collect()
    }
}

impl Sendable {
    fn batch_row(&self) -> BatchRow<'_> {
        let how = match &self.how {
            How::AtOurId => HowSent::AtOurId,
            How::FirstAtOurId => HowSent::FirstAtOurId,
            How::Over { id, version } => HowSent::Over { id, version: version.as_deref() },
            How::IfNoneExists => HowSent::IfNoneExists,
            How::OverIdentified => HowSent::OverIdentified,
        };
        BatchRow { how, ..BatchRow::new(&self.resource_type, self.resource, &self.json) }
    }

    /// The id at which it was put; `None` where the server gives it.
    fn id_at_server(&self) -> Option<String> {
        match &self.how {
            How::AtOurId | How::FirstAtOurId => Some(self.resource.to_string()),
            How::Over { id, .. } => Some(id.clone()),
            How::IfNoneExists | How::OverIdentified => None,
        }
    }
}

/// Whatever a resource refers to, also what its row does not wait for by itself: the console in a Provenance, say.
fn referred_to(json: &str) -> impl Iterator<Item = Uuid> {
    json.match_indices('/').filter_map(|(at, _)| {
        let id = json.get(at + 1..at + 37)?;
        (json.as_bytes().get(at + 37) == Some(&b'"')).then(|| Uuid::parse_str(id).ok()).flatten()
    })
}

/// How one version follows another at the server: what a person decided, else over what the server is known to have, else
/// as a first one. Only what people say is bound to a version: a device's description is the console's own, which it
/// writes at other times too. A patient is never put over whoever has the same record number: that may be somebody else.
fn sendable(row: OutboxRow, known: &BTreeMap<Uuid, ServerCopy>, address: &str, naming: Naming) -> Sendable {
    let copy = known.get(&row.resource_id);
    let decided = row.expects.as_deref().and_then(|expects| decided_over(expects, address));
    let is_said = matches!(row.resource_type.as_str(), "Observation" | "Patient");
    let how = match (decided, copy, naming) {
        (Some((id, version)), ..) => How::Over { id: id.to_owned(), version: Some(version.to_owned()) },
        (None, Some(copy), _) => How::Over { id: copy.id.clone(), version: copy.version.clone().filter(|_| is_said) },
        (None, None, Naming::OurId) if row.kept_by_device => How::FirstAtOurId,
        (None, None, Naming::OurId) => How::AtOurId,
        // A later version of what the server may have, under an id that nobody knows: a first one is named like its resource.
        (None, None, Naming::Identifier)
            if row.id.0 != row.resource_id && !matches!(row.resource_type.as_str(), "Provenance" | "Patient") =>
        {
            How::OverIdentified
        }
        (None, None, Naming::Identifier) => How::IfNoneExists,
    };
    let others = referred_to(&row.payload).filter(|resource| *resource != row.resource_id);
    let names: Vec<(Uuid, String)> = others.filter_map(|ours| Some((ours, known.get(&ours)?.id.clone()))).collect();
    let json = if names.is_empty() { row.payload } else { bedside_fhir::with_references(&row.payload, &names) };
    Sendable { id: row.id, resource_type: row.resource_type, resource: row.resource_id, json, how }
}

/// A version that a person decided about, as it is kept with the row: with the server it stands on, because another one has
/// another resource under the same id.
pub(super) fn decided_of(address: &str, id: &str, version: &str) -> String {
    format!("{address} {id}/_history/{version}")
}

/// The id and the version that a person decided about, if that was on this server.
fn decided_over<'a>(expects: &'a str, address: &str) -> Option<(&'a str, &'a str)> {
    expects.strip_prefix(address)?.strip_prefix(' ')?.split_once("/_history/")
}

pub(super) fn server_copy(ServerName { id, version, modified }: ServerName, address: &str) -> ServerCopy {
    ServerCopy { address: address.to_owned(), id, version, modified }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::WallTime;

    const HERE: &str = "https://clinic.example/fhir";
    const RESOURCE: Uuid = Uuid::from_u128(7);

    /// Where a record is asked for that a person decided to put over `17` of this server.
    fn asked_at(address: &str) -> String {
        let json = format!(r#"{{"resourceType":"Observation","id":"{RESOURCE}"}}"#);
        let mut row = OutboxRow::new("Observation", RESOURCE, json, WallTime(0));
        row.expects = Some(decided_of(HERE, "17", "3"));
        let (rows, naming, kind) = (vec![row.id], Naming::OurId, TryKind::AskWhichArrived);
        let next = Try { rows, kind, naming, measured_by: None, updates: Vec::new() };
        let loaded = Loaded { rows: vec![row], address: address.to_owned(), known: BTreeMap::new() };
        Parcel::new(loaded, &next).request().unwrap().path
    }

    #[test]
    fn the_servers_names_are_looked_up_for_everything_that_a_resource_refers_to() {
        let json = format!(
            r#"{{"resourceType":"Provenance","id":"{RESOURCE}","agent":[{{"who":{{"reference":"Device/{}"}}}}],
                "target":[{{"reference": "Observation/{}"}}],"recorded":"2026-03-18T14:00:00Z","x":"http://a/b"}}"#,
            Uuid::from_u128(8),
            Uuid::from_u128(9),
        );
        let referred: Vec<Uuid> = referred_to(&json).collect();
        assert_eq!(referred, [Uuid::from_u128(8), Uuid::from_u128(9)]);
    }

    #[test]
    fn what_went_over_the_servers_own_id_is_asked_for_under_it_and_at_that_server_alone() {
        assert_eq!(asked_at(HERE), "Observation?_id=17&_count=1");
        assert_eq!(asked_at("https://other.example/fhir"), format!("Observation?_id={RESOURCE}&_count=1"));
    }
}
