//! What the window sees: view structs that leave Rust as JSON, with their TypeScript twins in `ui/src/host/bindings.ts`.
//! No decisions and no console types beyond this folder; a value leaves only inside a `Reading`.

#[cfg(test)]
mod bindings;
mod catalogue;
mod format;
mod inbox;
mod names;
mod pairing;
mod reading;
mod requests;
mod snapshot;
mod start;
mod sync;

pub(crate) use catalogue::{EnrolledView, PatientLineView, PatientView, age_of, enrolled, patient, patient_line};
pub(crate) use inbox::{InboxGroupView, inbox};
pub(crate) use pairing::PairingAnswerView;
pub(crate) use requests::{DemoAction, NewPatientView, StripCanvasView, StripTheme, TrendRange};
pub(crate) use snapshot::{ConsoleView, console_view};
pub(crate) use start::{StartFault, StartRemedy, StartView};
pub(crate) use sync::{OpenRecordView, open_record};
