//! `run`: from a bare checkout to the console on the screen.
//! What is shown without a screen is scripted in `demo`.

use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;

use crate::clinic::Clinic;
use crate::demo;
use crate::display;
use crate::members::Members;
use crate::process::{Background, command, interrupted, run as run_command};
use crate::root::Root;
use crate::session_bus::{PrivateSession, has_secret_service};
use crate::setup::{self, packages::Purpose};

/// The names of the programs that a run needs.
pub(crate) const WINDOW: &str = "bedside";
pub(crate) const CONTROL: &str = "bedsidectl";

#[derive(Args)]
pub(crate) struct RunArguments {
    /// Opens the real vault and the computer's Bluetooth radio; needs a screen and a Secret Service.
    #[arg(long, conflicts_with = "simulated")]
    real: bool,
    /// Opens the demo vault on the simulated ward (this is the default), on the named scenario.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true)]
    simulated: Option<Option<String>>,
    /// How long the demo on a machine without a screen lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3600))]
    demo_seconds: u64,
}

impl RunArguments {
    /// The window's own argument for the simulated ward.
    fn simulated_argument(&self) -> String {
        match self.simulated.iter().flatten().next() {
            Some(scenario) => format!("--simulated={scenario}"),
            None => "--simulated".to_owned(),
        }
    }
}

/// Sets up, builds and runs; everything that was started is stopped at the end.
///
/// # Errors
/// When a step fails or the console ends with a fault.
pub(crate) fn run(root: &Root, options: &RunArguments) -> Result<()> {
    let with_screen = display::is_present();
    let with_secrets = has_secret_service(with_screen);
    if options.real && !with_screen {
        bail!("`--real` needs a screen; without one, `bedsidectl` is the console for scripts");
    }
    if options.real && !with_secrets {
        bail!(
            "`--real` needs a Secret Service on the session bus (gnome-keyring, KeePassXC or KWallet): \
             the key of a real vault is never kept in a throw-away keyring or in a file"
        );
    }
    let purposes: &[Purpose] =
        if with_screen && with_secrets { &[Purpose::Build] } else { &[Purpose::Build, Purpose::Headless] };
    let node = setup::prepare(root, purposes)?;
    setup::build_screen(root, &node)?;
    build(root)?;

    if options.real {
        return open_window(command(root.debug_program(WINDOW)));
    }
    let clinic = Clinic::start(root, &node)?;
    let private = if with_secrets { None } else { Some(PrivateSession::start(&root.cache())?) };
    let mut window = command(root.debug_program(WINDOW));
    window.arg(options.simulated_argument()).args(["--clinic", &clinic.base()]);
    if !with_screen {
        return demo::play(root, window, private.as_ref(), &clinic, options.demo_seconds);
    }
    if let Some(session) = &private {
        println!("no Secret Service on the session bus: this demo's keyring, and so its data, ends with it");
        session.apply(&mut window);
        window.arg("--data-dir").arg(demo::fresh_data_folder(root)?);
    }
    open_window(window)
}

/// Builds the window and `bedsidectl`.
pub(crate) fn build(root: &Root) -> Result<()> {
    let members = Members::read(root)?;
    let mut cargo = command("cargo");
    cargo.arg("build").current_dir(root.path());
    for program in [WINDOW, CONTROL] {
        cargo.args(["--package", members.package_of_program(program)?, "--bin", program]);
    }
    run_command(cargo.args(members.features()))
}

fn open_window(mut window: Command) -> Result<()> {
    println!("opening the console; close its window or press Ctrl-C to end");
    let mut running = Background::spawn(WINDOW, &mut window)?;
    match running.wait(None)? {
        Some(status) if !status.success() && !interrupted() => bail!("the console ended with {status}"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArguments,
    }

    fn parsed(words: &[&str]) -> Result<RunArguments, clap::Error> {
        Line::try_parse_from([&["run"], words].concat()).map(|line| line.run)
    }

    #[test]
    fn a_scenario_is_handed_on_and_its_absence_leaves_the_choice_to_the_console() {
        assert_eq!(parsed(&["--simulated=night"]).unwrap().simulated_argument(), "--simulated=night");
        assert_eq!(parsed(&["--simulated"]).unwrap().simulated_argument(), "--simulated");
        assert_eq!(parsed(&[]).unwrap().simulated_argument(), "--simulated");
    }

    #[test]
    fn real_and_simulated_exclude_each_other() {
        assert!(parsed(&["--real", "--simulated"]).is_err());
        assert!(parsed(&["--real"]).unwrap().real);
    }
}
