//! A page as it is read: which kind of resources an answer brings.
//! Not here: what becomes of them (`paging`).
use super::record::ClinicOrder;
use super::walk::What;
use crate::event_loop::Console;
use bedside_fhir::NotFhir;
use bedside_fhir::download::{
    Downloaded, Listed, MemberList, OrderKind, Page, Place, RecordNumbers, ServerOrder, ServerPatient, Stay,
    parse_member_list, parse_orders, parse_page,
};

/// What a page brought, in its own kind.
pub(super) enum Brought {
    Stays(Page<Stay>),
    Members(MemberList),
    Found(Page<Listed>),
    Places(Page<Place>),
    People(Page<ServerPatient>),
    Orders(OrderKind, Page<ServerOrder>),
}

impl Console {
    /// Reads an answer as what was asked for.
    ///
    /// # Errors
    /// Where it is something else.
    pub(super) fn read_page(&self, what: &What, body: &str) -> Result<Brought, NotFhir> {
        fn searched<T: Downloaded>(body: &str, ids: &RecordNumbers<'_>) -> Result<Page<T>, NotFhir> {
            parse_page(body, ids)
        }
        let ids = RecordNumbers {
            system: &self.sync.context.record_number_system,
            system_is_assumed: self.policy.patient_identifier_system.is_none(),
            now: self.ports.machine.wall(),
        };
        Ok(match what {
            What::Stays => Brought::Stays(searched(body, &ids)?),
            What::Members => Brought::Members(parse_member_list(body, ids.now)?),
            What::Search => Brought::Found(searched(body, &ids)?),
            What::Places => Brought::Places(searched(body, &ids)?),
            What::People => Brought::People(searched(body, &ids)?),
            What::Orders { kind, .. } => Brought::Orders(*kind, parse_orders(*kind, body, &ids)?),
        })
    }
}

impl Brought {
    /// The address of the next page, as the server wrote it.
    pub(super) fn next(&self) -> Option<&String> {
        match self {
            Self::Stays(page) => page.next.as_ref(),
            Self::Found(page) => page.next.as_ref(),
            Self::People(page) => page.next.as_ref(),
            Self::Places(page) => page.next.as_ref(),
            Self::Orders(_, page) => page.next.as_ref(),
            Self::Members(_) => None,
        }
    }

    /// How many resources are on the page, and how many the search finds; `None` where there are no pages.
    pub(super) fn counts(&self) -> Option<(usize, Option<u64>)> {
        match self {
            Self::Stays(page) => Some((page.len(), page.total)),
            Self::Found(page) => Some((page.len(), page.total)),
            Self::People(page) => Some((page.len(), page.total)),
            Self::Places(page) => Some((page.len(), page.total)),
            Self::Orders(_, page) => Some((page.len(), page.total)),
            Self::Members(_) => None,
        }
    }
}

/// An order as it is kept.
pub(super) fn stored(order: ServerOrder) -> ClinicOrder {
    let ServerOrder { kind, id, version, patient, status, what, dose, schedule, authored, is_prohibition } = order;
    ClinicOrder {
        kind,
        id,
        patient,
        status,
        what,
        dose,
        schedule,
        authored,
        prohibition: is_prohibition,
        version: version.id,
        updated: version.at,
    }
}
