//! `bedsidectl`: the console without a window, for IT, scripts, support and tests.
//! No rule about devices or patients lives here, only words on the command line and what is printed.

mod arguments;
mod commands;
pub mod decode;
mod failure;
mod output;
mod screen;

use arguments::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use output::Output;
use std::ffi::OsString;
use std::process::ExitCode;

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
    match &arguments.command {
        Command::Decode(decode) => commands::decode::run(decode, output),
        Command::Scan(scan) => commands::scan::run(&arguments.place()?, scan, output).await,
        Command::Record(record) => commands::record::run(&arguments.place()?, record, output).await,
        Command::Patients(patients) => commands::patients::run(&arguments.place()?, patients, output).await,
        Command::Readings(readings) => commands::readings::run(&arguments.place()?, readings, output).await,
        Command::Sync(sync) => commands::sync::run(&arguments.place()?, sync, output).await,
        Command::Vault(vault) => commands::vault::run(&arguments.place()?, vault, output).await,
        Command::Policy(policy) => commands::policy::run(policy, output),
        Command::Doctor(doctor) => commands::doctor::run(&arguments.place()?, doctor, output).await,
    }
}
