//! One download as a state machine: which request comes next, and what its answer leads to. No IO and no clock.
//! First who is on the list, then who they are, then their orders. Each query is asked page by page, to a bounded number of
//! pages. Not here: sending, storing, and whose record a patient is (`identity`).
use super::record::{ClinicPatient, DownloadCursor, Join};
use bedside_fhir::download::{
    MemberList, OrderKind, Place, ServerId, Stay, members_path, orders_path, people_path, places_path, search_path,
    stays_path,
};
use bedside_policy::WorklistBy;
use bedside_vitals::WallTime;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// Entries that are asked for on a page.
pub(crate) const PAGE: usize = 50;
/// A server that finds even so few too much is not asked for fewer.
pub(crate) const SMALLEST_PAGE: usize = 5;
/// Patients named in one search for orders: the address stays well under 2,000 characters.
const PATIENTS_A_SEARCH: usize = 20;
/// Pages behind others in one download. So many are a mistake in the policy, or a server that goes round in circles.
const MOST_PAGES: usize = 400;
/// Patients on a worklist.
const MOST_LISTED: usize = 2_000;
/// What was changed so long before the cursor is asked for again: servers of a cluster commit late and out of order.
const OVERLAP_MS: i64 = 2 * 60_000;

/// The name of the list's own cursor; queries have those of their resource types.
pub(crate) const WORKLIST: &str = "worklist";
const PATIENT: &str = "Patient";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Encounters at the place.
    Stays,
    /// The Group or List.
    Members,
    /// Ids of the patients of the policy's search.
    Search,
    /// Names of places.
    Places,
    /// Patients by their ids.
    People,
    /// Orders of these patients.
    Orders {
        /// Of this kind.
        kind: OrderKind,
        /// Of whom.
        patients: Vec<ServerId>,
        /// All that are open, for patients whose orders were never fetched, or from when on is not known any more.
        whole: bool,
    },
}

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) what: What,
    /// Path and query behind the base URL.
    pub(crate) path: String,
    /// It follows another page: the server made its address.
    pub(crate) is_next: bool,
}

impl fmt::Debug for Ask {
    /// Without the path: it names patients.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a search for {:?}", self.what)
    }
}

/// Why a download cannot go on. In words for IT, without health data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WalkFault {
    #[error("the server's next page lies elsewhere than under its own base URL; it was not asked for")]
    Elsewhere,
    #[error("the server's pages go round in circles")]
    Circle,
    #[error("the server finds {total} of what was asked for, gave {got}, and no address of the rest")]
    Incomplete { total: u64, got: u64 },
    #[error("expected at most {MOST_PAGES} pages behind others")]
    TooManyPages,
    #[error("expected at most {MOST_LISTED} patients on the list, got {0}")]
    TooManyListed(usize),
}

/// What follows an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// More is to be asked.
    Ask,
    /// Everybody on the list was asked for: it can be written who is on it.
    Listed,
    /// All is fetched.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Members,
    Places,
    People,
    Orders,
}

/// A download under way.
#[derive(Clone)]
pub(crate) struct Walk {
    /// When it began, by our clock: the age of the list.
    pub(crate) began: WallTime,
    /// The same by the server's, from its first answer. No cursor goes beyond it: what changes later is asked for next time.
    server_began: Option<WallTime>,
    page: usize,
    stage: Stage,
    queue: VecDeque<Ask>,
    asked: BTreeSet<String>,
    pages: usize,
    /// Resources on the pages of the present query so far.
    so_far: u64,
    /// Orders on the pages of the present query so far, whether they could be read or not.
    orders: BTreeSet<ServerId>,
    members: BTreeMap<ServerId, Vec<Place>>,
    places: BTreeMap<ServerId, Place>,
    cursors: BTreeMap<String, WallTime>,
    latest: BTreeMap<&'static str, WallTime>,
    /// Patients who came.
    pub(crate) came: BTreeSet<ServerId>,
}

impl Walk {
    pub(crate) fn new(by: &WorklistBy, cursors: BTreeMap<String, WallTime>, page: usize, began: WallTime) -> Self {
        let checked = |id: &str| ServerId::new(id);
        let first = match by {
            WorklistBy::EncounterLocation(id) => checked(id).map(|id| (What::Stays, stays_path(&id, page))),
            WorklistBy::Group(id) => checked(id).map(|id| (What::Members, members_path("Group", &id))),
            WorklistBy::List(id) => checked(id).map(|id| (What::Members, members_path("List", &id))),
            WorklistBy::Search(search) => Some((What::Search, search_path(search, page))),
        };
        let queue = first.map(|(what, path)| Ask { what, path, is_next: false }).into_iter().collect();
        Self {
            began,
            server_began: None,
            page,
            stage: Stage::Members,
            queue,
            asked: BTreeSet::new(),
            pages: 0,
            so_far: 0,
            orders: BTreeSet::new(),
            members: BTreeMap::new(),
            places: BTreeMap::new(),
            cursors,
            latest: BTreeMap::new(),
            came: BTreeSet::new(),
        }
    }

    /// What is to be asked now. Asking it again changes nothing.
    pub(crate) fn ask(&self) -> Option<&Ask> {
        self.queue.front()
    }

    /// The server answered, at this time of its clock.
    pub(crate) fn heard(&mut self, server_time: Option<WallTime>) {
        self.server_began = self.server_began.or(server_time);
    }

    /// What a page brought is counted. A list that ends before its end must not let anybody vanish from it.
    ///
    /// # Errors
    /// `Incomplete` when the server knows of more and does not say where.
    pub(crate) fn counted(&mut self, got: usize, total: Option<u64>, has_next: bool) -> Result<(), WalkFault> {
        let before = if self.ask().is_some_and(|ask| ask.is_next) { self.so_far } else { 0 };
        let so_far = before + got as u64;
        match total {
            Some(total) if !has_next && total > so_far => Err(WalkFault::Incomplete { total, got: so_far }),
            _ => {
                self.so_far = so_far;
                Ok(())
            }
        }
    }

    /// People of a stay.
    pub(crate) fn stays(&mut self, stays: Vec<Stay>) {
        for Stay { patient, places } in stays {
            self.members.entry(patient).or_default().extend(places);
        }
    }

    /// People of a Group, a List or a search.
    pub(crate) fn members(&mut self, list: MemberList) {
        for patient in list.patients {
            self.members.entry(patient).or_default();
        }
    }

    /// Names of places.
    pub(crate) fn named(&mut self, places: Vec<Place>) {
        self.places.extend(places.into_iter().filter_map(|place| Some((place.id.clone()?, place))));
    }

    /// The latest change that a page of a query told of.
    pub(crate) fn saw(&mut self, resource_type: &'static str, latest: Option<WallTime>) {
        if let Some(latest) = latest {
            let known = self.latest.entry(resource_type).or_insert(latest);
            *known = (*known).max(latest);
        }
    }

    /// These orders are on a page of the present query.
    pub(crate) fn saw_orders(&mut self, ids: impl Iterator<Item = ServerId>) {
        if self.ask().is_some_and(|ask| !ask.is_next) {
            self.orders.clear();
        }
        self.orders.extend(ids);
    }

    /// All that the pages of the present query brought.
    pub(crate) fn orders(&self) -> BTreeSet<ServerId> {
        self.orders.clone()
    }

    /// Whether this patient is on the list.
    pub(crate) fn is_listed(&self, id: &ServerId) -> bool {
        self.members.contains_key(id)
    }

    /// How many are.
    pub(crate) fn listed(&self) -> usize {
        self.members.len()
    }

    /// Where the list says that somebody lies; a ward is no bed.
    pub(crate) fn bed(&self, id: &ServerId) -> Option<&str> {
        let known = |place: &Place| place.id.as_ref().and_then(|id| self.places.get(id));
        let places = self.members.get(id)?;
        let bed = places.iter().find(|place| place.is_bed || known(place).is_some_and(|known| known.is_bed))?;
        bed.name.as_deref().or_else(|| known(bed)?.name.as_deref())
    }

    /// The page was taken: its query goes on with the next one, if there is one, or the next query comes. `record` is what
    /// is known of the server's patients, this page included.
    pub(crate) fn taken(
        &mut self,
        next: Option<String>,
        record: &BTreeMap<ServerId, ClinicPatient>,
    ) -> Result<Next, WalkFault> {
        let Some(done) = self.queue.pop_front() else { return Ok(Next::Done) };
        self.asked.insert(done.path);
        if let Some(path) = next {
            self.pages += 1;
            if self.asked.contains(&path) {
                return Err(WalkFault::Circle);
            }
            if self.pages >= MOST_PAGES {
                return Err(WalkFault::TooManyPages);
            }
            self.queue.push_front(Ask { what: done.what, path, is_next: true });
        }
        if self.members.len() > MOST_LISTED {
            return Err(WalkFault::TooManyListed(self.members.len()));
        }
        Ok(self.after_page(record))
    }

    /// The list is written: what comes after it.
    pub(crate) fn after_list(&mut self, record: &BTreeMap<ServerId, ClinicPatient>) -> Next {
        self.after_page(record)
    }

    /// How many of the list the server did not bring, now or ever.
    pub(crate) fn missing(&self, record: &BTreeMap<ServerId, ClinicPatient>) -> u32 {
        let missing = self.members.keys().filter(|id| !self.came.contains(id) && !record.contains_key(id));
        u32::try_from(missing.count()).unwrap_or(u32::MAX)
    }

    fn after_page(&mut self, record: &BTreeMap<ServerId, ClinicPatient>) -> Next {
        while self.queue.is_empty() {
            match self.stage {
                Stage::Members => {
                    self.stage = Stage::Places;
                    self.ask_places();
                }
                Stage::Places => {
                    self.stage = Stage::People;
                    self.ask_people(record);
                }
                Stage::People => {
                    // Written before the orders are asked for: the list is worth more than they are.
                    self.stage = Stage::Orders;
                    self.ask_orders(record);
                    return Next::Listed;
                }
                Stage::Orders => return Next::Done,
            }
        }
        Next::Ask
    }

    /// The last page of a kind's searches is being answered: the cursor moves with it.
    pub(crate) fn cursor_with(&self, ask: &Ask, next: Option<&String>) -> Option<DownloadCursor> {
        let alike = |other: &Ask| match (&ask.what, &other.what) {
            (What::Orders { kind, .. }, What::Orders { kind: other, .. }) => kind == other,
            (What::People, What::People) => true,
            _ => false,
        };
        let query = match &ask.what {
            What::People => PATIENT,
            What::Orders { kind, .. } => kind.resource_type(),
            What::Stays | What::Members | What::Search | What::Places => return None,
        };
        let is_last = next.is_none() && !self.queue.iter().skip(1).any(alike);
        is_last.then(|| self.cursor(query))
    }

    /// The list's own cursor: when it was taken.
    pub(crate) fn list_cursor(&self) -> DownloadCursor {
        DownloadCursor { query: WORKLIST.to_owned(), updated: None, taken: self.began }
    }

    fn cursor(&self, query: &'static str) -> DownloadCursor {
        let seen = self.latest.get(query).copied().max(self.cursors.get(query).copied());
        let bounded = seen.map(|seen| self.server_began.map_or(seen, |began| seen.min(began)));
        DownloadCursor { query: query.to_owned(), updated: bounded, taken: self.began }
    }

    fn since(&self, query: &str) -> Option<WallTime> {
        self.cursors.get(query).map(|at| at.plus_millis(-OVERLAP_MS))
    }

    fn ask_places(&mut self) {
        let is_told = |place: &&Place| place.name.is_some() && place.is_bed;
        let open = self.members.values().flatten().filter(|place| !is_told(place));
        let wanted: BTreeSet<ServerId> = open.filter_map(|place| place.id.clone()).collect();
        let wanted: Vec<ServerId> = wanted.into_iter().collect();
        for some in wanted.chunks(self.page) {
            self.push(What::Places, places_path(some, self.page));
        }
    }

    /// Those who are not known whole; of the others, on the list or not, what changed.
    fn ask_people(&mut self, record: &BTreeMap<ServerId, ClinicPatient>) {
        let since = self.since(PATIENT);
        // Who could not be used is asked for whole each time: it is told until it is mended.
        let is_usable = |id: &ServerId| record.get(id).is_some_and(|known| known.join != Join::Unusable);
        let is_known = |id: &ServerId| since.is_some() && is_usable(id);
        let new: Vec<ServerId> = self.members.keys().filter(|id| !is_known(id)).cloned().collect();
        let known: Vec<ServerId> = record.keys().filter(|id| is_known(id)).cloned().collect();
        for some in known.chunks(self.page) {
            self.push(What::People, people_path(some, since, self.page));
        }
        for some in new.chunks(self.page) {
            self.push(What::People, people_path(some, None, self.page));
        }
    }

    /// All that are open for those on the list whose orders were never fetched. Of the others what changed, whether they
    /// are on the list or not: the cursor moves over the changes of everybody, and who comes back has missed none.
    fn ask_orders(&mut self, record: &BTreeMap<ServerId, ClinicPatient>) {
        let is_asked_for = |one: &&ClinicPatient| one.join.is_linked() && (one.orders_whole || self.is_listed(&one.id));
        let wanted: Vec<&ClinicPatient> = record.values().filter(is_asked_for).collect();
        for kind in OrderKind::ALL {
            let since = self.since(kind.resource_type());
            let ids = |whole: bool| -> Vec<ServerId> {
                let is_so = |one: &&&ClinicPatient| (since.is_none() || !one.orders_whole) == whole;
                wanted.iter().filter(is_so).map(|one| one.id.clone()).collect()
            };
            let (new, known) = (ids(true), ids(false));
            for (some, since) in [(known, since), (new, None)] {
                for patients in some.chunks(PATIENTS_A_SEARCH.min(self.page)) {
                    let patients = patients.to_vec();
                    let path = orders_path(kind, &patients, since, self.page);
                    self.push(What::Orders { kind, patients, whole: since.is_none() }, path);
                }
            }
        }
    }

    fn push(&mut self, what: What, path: String) {
        self.queue.push_back(Ask { what, path, is_next: false });
    }
}

#[cfg(test)]
mod tests;
