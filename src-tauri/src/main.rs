//! The program `bedside`: prepares the process, then opens the window.
//! Everything else is in the library.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
use std::process::ExitCode;

fn main() -> ExitCode {
    bedside_shell::prepare_process();
    bedside_shell::run()
}
