//! `bedsidectl`: the console without a window, for IT, scripts, support and tests.
//! No rule about devices or patients lives here, only words on the command line and what is printed.

mod arguments;
mod commands;
pub mod decode;
mod failure;
mod output;
mod reader;
mod screen;
mod sign_in;

use arguments::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use output::Output;
use std::ffi::OsString;
use std::process::ExitCode;

/// What must be done before a secret is read: from then on no core dump is written.
pub fn prepare_process() {
    if let Err(error) = bedside_assembly::forbid_core_dumps() {
        Output::new(false).note(&format!("core dumps cannot be forbidden: {error}"));
    }
}

/// Runs one command. Exit codes are those of `sysexits.h`, named in `failure.rs`.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap knows which stream they belong on.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    let output = Output::new(arguments.json);
    let result = match runtime() {
        Ok(runtime) => runtime.block_on(execute(&arguments, &output)),
        Err(error) => Err(Failure::io(&error)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.code)
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

async fn execute(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let command = match &arguments.command {
        Command::Decode(decode) => return commands::decode::run(decode, output),
        Command::Policy(policy) => return commands::policy::run(policy, output),
        command => command,
    };
    let (place, who) = (arguments.place()?, arguments.who()?);
    match command {
        Command::Decode(_) | Command::Policy(_) => Ok(()),
        Command::Scan(scan) => commands::scan::run(&place, &who, scan, output).await,
        Command::Record(record) => commands::record::run(&place, &who, record, output).await,
        Command::Patients(patients) => commands::patients::run(&place, &who, patients, output).await,
        Command::Readings(readings) => commands::readings::run(&place, &who, readings, output).await,
        Command::Sync(sync) => commands::sync::run(&place, &who, sync, output).await,
        Command::Vault(vault) => commands::vault::run(&place, &who, vault, output).await,
        Command::Clinicians(clinicians) => commands::clinicians::run(&place, &who, clinicians, output).await,
        Command::Audit(audit) => commands::audit::run(&place, &who, audit, output).await,
        Command::Doctor(doctor) => commands::doctor::run(&place, &who, doctor, output).await,
    }
}
