//! The command line of the build tasks: which tasks exist and what they take.
//! The tasks themselves live in one file each; nothing here does work.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person at the terminal")]

mod appliance;
mod bench;
mod bindings;
mod cargo_deny;
mod clinic;
mod counts;
mod cross_check;
mod demo;
mod display;
mod endure;
mod fuzz;
mod helios;
mod http;
mod lint;
mod members;
mod package;
mod process;
mod root;
mod run;
mod session_bus;
mod setup;
mod stamp;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use root::Root;

/// Build tasks. `cargo xtask run` is the way in.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what this machine lacks, builds, and opens the console (on the simulated ward unless told otherwise).
    Run(run::RunArguments),
    /// Installs what this machine lacks, and stops there.
    Setup,
    /// Format, clippy, docs, tidy, bindings, dependencies and the UI's own checks.
    Lint,
    /// Every test; ends with `N passed, N failed`.
    Test(test::TestArguments),
    /// `lint`, then `test`.
    Ci,
    /// The house rules that no compiler checks.
    Tidy,
    /// Writes the TypeScript bindings again.
    Bindings,
    /// Builds the .deb and the .rpm.
    Package,
    /// Runs the benchmarks and prints one table.
    Bench,
    /// Type-checks for Windows or macOS.
    CrossCheck(cross_check::CrossCheckArguments),
    /// Runs the fuzz targets of the codecs and prints executions and findings.
    Fuzz(fuzz::FuzzArguments),
    /// Proves at length that nothing is lost: kills, torn logs, flipped bits, faults of the network. Takes hours.
    Endure(endure::EndureArguments),
    /// Starts the virtual Bluetooth devices and a machine with BlueZ for them, and prints the address of its bus.
    Appliance(appliance::ApplianceArguments),
    /// Builds (once, outside the checkout) and starts Helios FHIR Server on loopback, and prints its address.
    Helios(helios::HeliosArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    process::watch_for_interrupts();
    let outcome = Root::find().and_then(|root| match arguments.task {
        Task::Run(options) => run::run(&root, &options).map(|()| true),
        Task::Setup => setup::prepare(&root, setup::packages::EVERYTHING_BUT_PACKAGING).map(|_| true),
        Task::Lint => lint::run(&root).map(|()| true),
        Task::Test(options) => test::run(&root, options),
        Task::Ci => lint::run(&root).and_then(|()| test::run(&root, test::TestArguments::default())),
        Task::Tidy => tidy::run(&root).map(|()| true),
        Task::Bindings => bindings::write(&root).map(|()| true),
        Task::Package => package::run(&root).map(|()| true),
        Task::Bench => bench::run(&root).map(|()| true),
        Task::CrossCheck(options) => cross_check::run(&root, &options).map(|()| true),
        Task::Fuzz(options) => fuzz::run(&root, &options),
        Task::Endure(options) => endure::run(&root, &options),
        Task::Appliance(options) => appliance::run(&root, &options).map(|()| true),
        Task::Helios(options) => helios::run(&root, &options).map(|()| true),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        // The task has said everything itself, in its closing line.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
