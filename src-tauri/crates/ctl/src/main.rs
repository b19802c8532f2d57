//! The program `bedsidectl`: arguments in, exit code out.
//! Everything else lies in the library.
use std::process::ExitCode;

fn main() -> ExitCode {
    bedside_ctl::prepare_process();
    bedside_ctl::run(std::env::args_os())
}
