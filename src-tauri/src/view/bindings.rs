//! Writes `ui/src/host/bindings.ts` from the view structs. A test proves the committed file current.
//! Run the test with `BLESS=1` to write it anew.
use super::*;
use crate::error::CommandError;
use ts_rs::{Config, TS};

/// The whole text of `bindings.ts`.
fn typescript() -> String {
    let config = Config::new();
    let mut text = String::from(
        "// The types that cross between Rust and the window. Written by the shell's tests from src-tauri/src/view: \
         do not edit.\n// BLESS=1 cargo test -p bedside writes it anew.\n",
    );
    let declarations = [
        names::DeviceKindView::decl(&config),
        names::LinkView::decl(&config),
        names::ParameterView::decl(&config),
        names::AdvisoryView::decl(&config),
        names::StripKindView::decl(&config),
        names::ModeView::decl(&config),
        names::AdapterView::decl(&config),
        names::RecordState::decl(&config),
        pairing::BondStateView::decl(&config),
        pairing::BondSourceView::decl(&config),
        pairing::BondView::decl(&config),
        pairing::PairingQuestionView::decl(&config),
        pairing::PairingAskedView::decl(&config),
        pairing::PairingAnswerView::decl(&config),
        pairing::AdapterLineView::decl(&config),
        pairing::RadioView::decl(&config),
        reading::FreshnessView::decl(&config),
        reading::SpecialState::decl(&config),
        reading::QualityMark::decl(&config),
        reading::ShownValue::decl(&config),
        reading::Reading::decl(&config),
        catalogue::SexView::decl(&config),
        catalogue::PatientView::decl(&config),
        clinic_list::AtClinicView::decl(&config),
        catalogue::PatientLineView::decl(&config),
        catalogue::EnrolledView::decl(&config),
        names::TimeMethodView::decl(&config),
        inbox::WhyView::decl(&config),
        inbox::InboxReadingView::decl(&config),
        inbox::InboxGroupView::decl(&config),
        charted::StandingView::decl(&config),
        charted::VersionView::decl(&config),
        charted::WhyLocalView::decl(&config),
        charted::FiledView::decl(&config),
        charted::ChartedReadingView::decl(&config),
        charted::ChartedView::decl(&config),
        charted::CorrectedValue::decl(&config),
        snapshot::TileView::decl(&config),
        snapshot::StripView::decl(&config),
        snapshot::RecordsView::decl(&config),
        snapshot::BoundDeviceView::decl(&config),
        snapshot::BedsideView::decl(&config),
        snapshot::BoundCount::decl(&config),
        snapshot::InterruptionView::decl(&config),
        snapshot::RecordingView::decl(&config),
        snapshot::NearbyView::decl(&config),
        sync::ProgressView::decl(&config),
        sync::MeteredView::decl(&config),
        sync::FindingView::decl(&config),
        sync::ClinicSignInView::decl(&config),
        clinic_list::SkippedView::decl(&config),
        clinic_list::ListView::decl(&config),
        clinic_list::DifferenceView::decl(&config),
        clinic_list::ChoiceView::decl(&config),
        clinic_list::OrderKindView::decl(&config),
        clinic_list::ParticularsView::decl(&config),
        clinic_list::IdentityQuestionView::decl(&config),
        clinic_list::OrderLineView::decl(&config),
        clinic_list::OrdersView::decl(&config),
        conflict::ConflictLineView::decl(&config),
        conflict::TheirVersionView::decl(&config),
        conflict::ConflictView::decl(&config),
        sync::SyncView::decl(&config),
        sync_record::RowVersionView::decl(&config),
        sync_record::OpenRecordView::decl(&config),
        sync_record::FrameView::decl(&config),
        sync_record::ReceiptSourceView::decl(&config),
        sync_record::ServerCopyView::decl(&config),
        sync_record::DiscardView::decl(&config),
        sync_record::ReceiptView::decl(&config),
        access::RoleView::decl(&config),
        access::PermissionView::decl(&config),
        access::LockReasonView::decl(&config),
        access::UserView::decl(&config),
        access::WatchTileView::decl(&config),
        access::VaultNoticeView::decl(&config),
        access::AccessView::decl(&config),
        people::ClinicianView::decl(&config),
        people::ClinicianForm::decl(&config),
        people::KitView::decl(&config),
        vault::PolicyLineView::decl(&config),
        vault::BackupView::decl(&config),
        vault::VaultStateView::decl(&config),
        vault::RestoredView::decl(&config),
        vault::PurposeView::decl(&config),
        vault::OutcomeView::decl(&config),
        vault::AuditFaultView::decl(&config),
        vault::AuditPatientView::decl(&config),
        vault::AuditLineView::decl(&config),
        vault::AuditVerdictView::decl(&config),
        snapshot::ConsoleView::decl(&config),
        start::StartRemedy::decl(&config),
        start::StartFault::decl(&config),
        start::StartView::decl(&config),
        requests::NewPatientView::decl(&config),
        requests::StripTheme::decl(&config),
        requests::StripCanvasView::decl(&config),
        requests::TrendRange::decl(&config),
        requests::DemoAction::decl(&config),
        CommandError::decl(&config),
    ];
    for declaration in declarations {
        text.push_str("\nexport ");
        text.push_str(&declaration);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn export_bindings_are_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/host/bindings.ts");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, typescript()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert_eq!(committed, typescript(), "bindings.ts is old; BLESS=1 cargo test -p bedside writes it anew");
    }
}
