//! The application: one event loop owns every piece of mutable state and knows six ports and the pure core.
//! No adapter, no Tauri, no SQL, no HTTP here.

mod access;
mod anchoring;
mod apart;
mod audit;
mod audit_export;
mod audit_filing;
mod auditing;
mod binding;
mod capture;
mod charted;
mod clinic_anchor;
mod clinic_server;
mod clinic_sign_in;
mod clinician;
mod clocks;
mod commits;
mod devices;
mod download;
mod epoch;
mod event_loop;
mod filing;
mod inbox;
mod live;
mod marking;
mod minutes;
mod open_questions;
mod opening;
mod pairing;
mod people;
mod plausible;
pub mod ports;
mod procedures;
mod readings;
mod records;
mod request;
mod requests;
mod review;
mod safeguards;
mod screen;
mod snapshot;
mod spool_filing;
mod start;
mod strips;
mod sync;
mod sync_view;
mod taken;
mod trend;
mod vigil;
mod wave;

pub use access::{open_as, restore_by_key, restore_without_slots};
pub use audit::*;
pub use audit_export::audit_document;
pub use bedside_fhir::download::{OrderKind, Particulars, ServerId};
pub use charted::{Charted, ChartedReading, Filed, MOST_CHARTED, WhyLocal};
pub use clinician::{Clinician, ClinicianId, Permission, Role, UserName};
pub use download::{
    AtClinic, ClinicOrder, ClinicPage, ClinicPatient, ClinicRecord, DownloadCursor, IdentityChoice, IdentityDifference,
    IdentityQuestion, Join, OrderLine, Orders, WholeOrders,
};
pub use event_loop::Ports;
pub use inbox::{InboxReading, Unassigned, WhyUnassigned, unassigned};
pub use marking::STRIP_SECONDS;
pub use open_questions::OpenQuestions;
pub use records::*;
pub use request::*;
pub use requests::RequestKind;
pub use snapshot::*;
pub use start::{Created, OpenFault, Settings, create_vault, open_vault, start};
pub use sync::{Conflict, TheirVersion};
pub use sync_view::{
    MOST_SYNC_ROWS, ReceiptSource, RecordExport, RowSummary, RowVersion, SyncReceipt, export, receipt, subject_of,
    summary, sync_rows, the_row,
};
