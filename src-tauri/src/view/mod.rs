//! What the window sees: view structs that leave Rust as JSON, with their TypeScript twins in `ui/src/host/bindings.ts`.
//! No decisions and no console types beyond this folder; a value leaves only inside a `Reading`.

mod access;
#[cfg(test)]
mod bindings;
mod catalogue;
mod charted;
mod clinic_list;
mod conflict;
mod format;
mod inbox;
mod names;
mod pairing;
mod people;
mod reading;
mod requests;
mod snapshot;
mod start;
mod sync;
mod sync_record;
mod vault;

pub(crate) use access::{PermissionView, RoleView};
pub(crate) use catalogue::{EnrolledView, PatientLineView, PatientView, age_of, enrolled, patient, patient_line};
pub(crate) use charted::{ChartedView, CorrectedValue, charted};
pub(crate) use clinic_list::{ChoiceView, IdentityQuestionView, OrdersView, identity_question, orders};
pub(crate) use conflict::{ConflictView, conflict};
pub(crate) use inbox::{InboxGroupView, inbox};
pub(crate) use names::StripKindView;
pub(crate) use pairing::PairingAnswerView;
pub(crate) use people::{ClinicianForm, ClinicianView, KitView, SecretText, clinician, user_name};
pub(crate) use requests::{DemoAction, NewPatientView, StripCanvasView, StripTheme, TrendRange};
pub(crate) use snapshot::{ConsoleView, console_view};
pub(crate) use start::{StartFault, StartRemedy, StartView};
pub(crate) use sync_record::{OpenRecordView, ReceiptView, open_record, receipt};
pub(crate) use vault::{
    AuditLineView, AuditVerdictView, BackupView, PolicyLineView, RestoredView, VaultStateView, audit_line, backup,
    restored, verdict,
};
