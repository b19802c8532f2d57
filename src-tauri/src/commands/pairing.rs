//! Pairing from the window: beginning it, replacing a bond, answering a question.
//! Not here: when a person is asked; the console and the radio decide.
use super::Answered;
use crate::error::CommandError;
use crate::start::Shell;
use crate::view::PairingAnswerView;
use bedside_console::ports::{PeripheralId, PromptId};
use tauri::State;

/// The longest name a system gives a peripheral.
const MOST_CHARACTERS: usize = 256;

#[tauri::command]
pub(crate) async fn pair(shell: State<'_, Shell>, peripheral: String) -> Answered<()> {
    Ok(shell.console().await?.pair(named(peripheral)?).await?)
}

#[tauri::command]
pub(crate) async fn pair_anew(shell: State<'_, Shell>, peripheral: String) -> Answered<()> {
    Ok(shell.console().await?.pair_anew(named(peripheral)?).await?)
}

#[tauri::command]
pub(crate) async fn answer_pairing(shell: State<'_, Shell>, prompt: u64, answer: PairingAnswerView) -> Answered<()> {
    let answer = answer.answer()?;
    Ok(shell.console().await?.answer_pairing(PromptId(prompt), answer).await?)
}

fn named(peripheral: String) -> Answered<PeripheralId> {
    if peripheral.len() > MOST_CHARACTERS {
        return Err(CommandError::malformed("peripheral"));
    }
    Ok(PeripheralId(peripheral))
}
