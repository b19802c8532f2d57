//! The patients of the clinic's server: reading its list, questions of identity, orders.
//! Not here: patients of the record (`patients`), and what is decided about them (the console).
use super::{Answered, id, now};
use crate::error::CommandError;
use crate::start::Shell;
use crate::view::{ChoiceView, IdentityQuestionView, OrdersView, identity_question, orders as orders_view};
use bedside_console::ServerId;
use bedside_vitals::PatientId;
use tauri::State;

/// Reads the server's list of patients again; how it goes is in the snapshots.
#[tauri::command]
pub(crate) async fn pull_patients(shell: State<'_, Shell>) -> Answered<()> {
    Ok(shell.console().await?.pull_patients().await?)
}

/// The orders of a patient that stand.
#[tauri::command]
pub(crate) async fn orders(shell: State<'_, Shell>, patient: String) -> Answered<OrdersView> {
    let patient = PatientId(id(&patient)?);
    Ok(orders_view(&shell.console().await?.orders(patient).await?))
}

/// Patients of the server about whom a person is asked.
#[tauri::command]
pub(crate) async fn identity_questions(shell: State<'_, Shell>) -> Answered<Vec<IdentityQuestionView>> {
    let (questions, today) = (shell.console().await?.identity_questions().await?, now());
    Ok(questions.iter().map(|question| identity_question(question, today)).collect())
}

/// What a person says to a question as it was shown.
#[tauri::command]
pub(crate) async fn decide_identity(
    shell: State<'_, Shell>,
    question: String,
    shown: String,
    choice: ChoiceView,
) -> Answered<()> {
    let question = ServerId::new(&question).ok_or_else(|| CommandError::malformed("id"))?;
    let shown = id(&shown)?;
    Ok(shell.console().await?.decide_identity(question, shown, choice.into()).await?)
}
