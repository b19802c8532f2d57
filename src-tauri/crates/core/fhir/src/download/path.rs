//! The searches of a download, relative to the base URL. Ids are checked before they get here; times are the server's own.
//! Not here: in which order they are asked.
use super::{OrderKind, ServerId};
use crate::filing::instant;
use bedside_vitals::WallTime;

/// Those who are in a place now: the encounters in progress at a Location.
pub fn stays_path(location: &ServerId, count: usize) -> String {
    format!("Encounter?location=Location/{}&status=in-progress&_count={count}", location.as_str())
}

/// Group or List by its id: `Group/12`.
pub fn members_path(kind: &str, id: &ServerId) -> String {
    format!("{kind}/{}", id.as_str())
}

/// The ids of the patients of a search that the policy words.
pub fn search_path(search: &str, count: usize) -> String {
    let and = if search.is_empty() { "" } else { "&" };
    format!("Patient?{search}{and}_elements=id&_sort=_id&_count={count}")
}

/// Patients by their ids; only those that changed at or after `since`, where that is given.
pub fn people_path(ids: &[ServerId], since: Option<WallTime>, count: usize) -> String {
    format!("Patient?_id={}{}&_count={count}", listed(ids, ""), changed(since))
}

/// Places by their ids.
pub fn places_path(ids: &[ServerId], count: usize) -> String {
    format!("Location?_id={}&_count={count}", listed(ids, ""))
}

/// Orders of these patients: the open ones, or, with `since`, all that changed at or after it.
pub fn orders_path(kind: OrderKind, patients: &[ServerId], since: Option<WallTime>, count: usize) -> String {
    let state = if since.is_some() { changed(since) } else { format!("&status={}", kind.open_states().join(",")) };
    format!("{}?patient={}{state}&_count={count}", kind.resource_type(), listed(patients, "Patient/"))
}

fn listed(ids: &[ServerId], before: &str) -> String {
    ids.iter().map(|id| format!("{before}{}", id.as_str())).collect::<Vec<_>>().join(",")
}

fn changed(since: Option<WallTime>) -> String {
    // A cursor is a time that a server wrote: it can be written again.
    since.and_then(|since| instant(since).ok()).map_or_else(String::new, |since| format!("&_lastUpdated=ge{since}"))
}
