//! `test`: every test there is, each kind in the surroundings it needs, and one closing line.
//! Real stacks (`real_…`) get a private session with a Secret Service, `real_bluetooth` an emulated machine with BlueZ;
//! window tests (`window_…`) a screen and a driver, too.

use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::appliance::{self, Appliance, Devices};
use crate::counts::Counts;
use crate::display::VirtualDisplay;
use crate::endure::{FIGURES, Figures};
use crate::helios::{CLINIC_SERVER, Helios};
use crate::members::Members;
use crate::process::{Background, command, free_port, interrupted, run_and_read, succeeds, wait_until};
use crate::root::Root;
use crate::session_bus::{PrivateSession, ThrowAwayFolder};
use crate::{run as build_task, setup};

const REAL: &str = "real_";
/// One of the real stacks, in surroundings of its own: an emulated machine with BlueZ.
const BLUETOOTH: &str = "real_bluetooth";
const WINDOW: &str = "window_";
/// The proofs of sync, which a server of choice can be put behind.
const SYNC: &str = "real_sync";
const DRIVER_START: Duration = Duration::from_secs(30);

/// What to run.
#[derive(Clone, Copy, Default, clap::Args)]
pub(crate) struct TestArguments {
    /// The proofs of sync against Helios FHIR Server, too. The first time it is built, which takes 10 to 40 minutes.
    #[arg(long)]
    full: bool,
}

/// Sets up, then runs everything; the last line is `N passed, N failed`. True when nothing failed.
///
/// # Errors
/// When the set-up fails or the person interrupts; a step that cannot run is counted as one failure.
pub(crate) fn run(root: &Root, options: TestArguments) -> Result<bool> {
    let began = Instant::now();
    let node = setup::prepare(root, setup::packages::EVERYTHING_BUT_PACKAGING)?;
    setup::build_screen(root, &node)?;
    let members = Members::read(root)?;
    let proofs = Figures::begin(root)?;
    let runner = Runner {
        root,
        members: &members,
        proofs: &proofs,
        nextest: succeeds(command("cargo").args(["nextest", "--version"])),
    };
    let obstacle = if runner.has(BLUETOOTH) { appliance::set_up(root)? } else { None };
    let mut report = Report::default();
    report.add("set-up", began.elapsed(), Counts::default());

    report.step("Rust", Expectation::SomeTests, || run_and_read(&mut runner.ordinary()));
    report.step("doc tests", Expectation::MaybeNone, || {
        let mut cargo = cargo(root);
        run_and_read(cargo.args(["test", "--workspace", "--doc"]).args(members.features()))
    });
    report.step("UI", Expectation::SomeTests, || {
        run_and_read(node.program("npm").arg("test").env("CI", "true").current_dir(root.ui()))
    });
    if runner.has(REAL) {
        report.step("real stacks", Expectation::SomeTests, || {
            let session = PrivateSession::start(&root.cache())?;
            let mut tests = runner.special(REAL);
            tests.env("BEDSIDE_REAL_KEYRING", "1").env("BEDSIDE_NODE", node.program("node").get_program());
            session.apply(&mut tests);
            run_and_read(&mut tests)
        });
    }
    if options.full {
        report.step("sync with Helios", Expectation::SomeTests, || {
            let helios = Helios::start(root)?;
            let mut tests = runner.only(SYNC);
            tests.env(CLINIC_SERVER, helios.base()).env("BEDSIDE_NODE", node.program("node").get_program());
            run_and_read(&mut tests)
        });
    } else {
        let built = if Helios::is_built(root) { "it is built" } else { "the first time it is built" };
        report.left_out("sync with Helios", format!("`cargo xtask test --full` runs it ({built})"));
    }
    if let Some(obstacle) = obstacle {
        report.left_out("Bluetooth appliance", obstacle.to_string());
    } else if runner.has(BLUETOOTH) {
        report.step("Bluetooth appliance", Expectation::SomeTests, || {
            let appliance = Appliance::start(root, Devices::Off)?;
            let mut tests = runner.special(BLUETOOTH);
            appliance.apply(&mut tests);
            // Without it, tests that find no devices have nothing to say; with it they fail.
            tests.env("BEDSIDE_BLUETOOTH_REQUIRED", "1");
            run_and_read(&mut tests)
        });
    }
    if runner.has(WINDOW) {
        report.step("window", Expectation::SomeTests, || {
            build_task::build(root)?;
            window_tests(root, &runner)
        });
    }
    report.figures = proofs.read();
    report.close()
}

/// The driver starts the window for each session; the tests only speak to the driver.
fn window_tests(root: &Root, runner: &Runner) -> Result<(ExitStatus, String)> {
    let session = PrivateSession::start(&root.cache())?;
    let display = VirtualDisplay::start()?;
    let port = free_port()?;
    // A home of its own, so that a test can search all that the window and WebKit leave in it.
    let home = ThrowAwayFolder::create(&root.cache())?;
    let mut driver = command("WebKitWebDriver");
    home.apply(&mut driver);
    driver.env("TMPDIR", home.path());
    driver.args(["--host=127.0.0.1", &format!("--port={port}")]).env("TAURI_WEBVIEW_AUTOMATION", "true");
    display.apply(&mut driver);
    session.apply(&mut driver);
    let _driver = Background::start("WebKitWebDriver", &mut driver, &root.cache().join("webdriver.log"))?;
    wait_until("WebKitWebDriver listens", DRIVER_START, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;

    let mut tests = runner.special(WINDOW);
    tests.env("BEDSIDE_WEBDRIVER", format!("http://127.0.0.1:{port}")).env("BEDSIDE_WINDOW_HOME", home.path());
    tests.env("BEDSIDE_WINDOW", root.debug_program(build_task::WINDOW)).env("TAURI_WEBVIEW_AUTOMATION", "true");
    display.apply(&mut tests);
    session.apply(&mut tests);
    run_and_read(&mut tests)
}

/// Nextest where it is installed (it runs test programs side by side), else cargo's own runner.
struct Runner<'a> {
    root: &'a Root,
    members: &'a Members,
    proofs: &'a Figures,
    nextest: bool,
}

impl Runner<'_> {
    fn has(&self, prefix: &str) -> bool {
        self.members.test_programs().iter().any(|name| name.starts_with(prefix))
    }

    /// All tests that need nothing around them.
    fn ordinary(&self) -> Command {
        if self.nextest {
            // Nextest takes a pattern that matches no program for a mistake, so only those that exist are named.
            let special = [REAL, WINDOW].into_iter().filter(|prefix| self.has(prefix));
            let filter = special.fold("all()".to_owned(), |all, prefix| format!("{all} and not binary(/^{prefix}/)"));
            return self.nextest(&filter);
        }
        let mut cargo = self.cargo_test();
        cargo.args(["--lib", "--bins"]);
        self.name_programs(&mut cargo, |name| !name.starts_with(REAL) && !name.starts_with(WINDOW));
        cargo
    }

    /// The test programs whose names begin with the prefix, one test after the other: they share one screen or keyring.
    fn special(&self, prefix: &str) -> Command {
        if self.nextest {
            let others = prefix == REAL && self.has(BLUETOOTH);
            let without = if others { format!(" and not binary(/^{BLUETOOTH}/)") } else { String::new() };
            let mut nextest = self.nextest(&format!("binary(/^{prefix}/){without}"));
            nextest.args(["--test-threads", "1"]);
            if prefix == BLUETOOTH {
                // Each scenario prints its name and its time.
                nextest.arg("--no-capture");
            }
            return nextest;
        }
        let mut cargo = self.cargo_test();
        self.name_programs(&mut cargo, |name| is_special(name, prefix));
        cargo.args(["--", "--test-threads", "1"]);
        cargo
    }

    /// One test program, one test after the other.
    fn only(&self, name: &str) -> Command {
        if self.nextest {
            let mut nextest = self.nextest(&format!("binary(={name})"));
            nextest.args(["--test-threads", "1"]);
            return nextest;
        }
        let mut cargo = self.cargo_test();
        cargo.args(["--test", name, "--", "--test-threads", "1"]);
        cargo
    }

    fn nextest(&self, filter: &str) -> Command {
        let mut cargo = cargo(self.root);
        cargo.env(FIGURES, &self.proofs.0);
        cargo.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(self.members.features());
        cargo.args(["--filterset", filter]);
        cargo
    }

    fn cargo_test(&self) -> Command {
        let mut cargo = cargo(self.root);
        cargo.env(FIGURES, &self.proofs.0);
        cargo.args(["test", "--workspace", "--no-fail-fast"]).args(self.members.features());
        cargo
    }

    fn name_programs(&self, cargo: &mut Command, wanted: impl Fn(&str) -> bool) {
        for name in self.members.test_programs().into_iter().filter(|name| wanted(name)) {
            cargo.args(["--test", name]);
        }
    }
}

/// Whether a test program is run with those of the prefix. The Bluetooth appliance's are real stacks by name only.
fn is_special(name: &str, prefix: &str) -> bool {
    name.starts_with(prefix) && (prefix == BLUETOOTH || !name.starts_with(BLUETOOTH))
}

fn cargo(root: &Root) -> Command {
    let mut cargo = command("cargo");
    cargo.current_dir(root.path());
    cargo
}

/// Whether a step may count no test and still be good.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expectation {
    SomeTests,
    MaybeNone,
}

#[derive(Default)]
struct Report {
    steps: Vec<(&'static str, Duration, Counts)>,
    left_out: Vec<String>,
    /// What the proofs of the vault said.
    figures: Vec<String>,
}

impl Report {
    fn step(
        &mut self,
        name: &'static str,
        expectation: Expectation,
        tests: impl FnOnce() -> Result<(ExitStatus, String)>,
    ) {
        if interrupted() {
            return;
        }
        println!("\n== {name}");
        let began = Instant::now();
        let counts = match tests() {
            Ok((status, output)) => judge(name, status.success(), Counts::read(&output), expectation),
            Err(error) => {
                eprintln!("{name}: {error:#}");
                Counts { passed: 0, failed: 1 }
            }
        };
        self.add(name, began.elapsed(), counts);
    }

    /// A step that this system cannot do: it is told, and counted as nothing.
    fn left_out(&mut self, name: &str, reason: String) {
        let line = format!("left out: {name}: {reason}");
        println!("\n{line}");
        self.left_out.push(line);
    }

    fn add(&mut self, name: &'static str, time: Duration, counts: Counts) {
        self.steps.push((name, time, counts));
    }

    fn close(self) -> Result<bool> {
        let whole: f64 = self.steps.iter().map(|step| step.1.as_secs_f64()).sum();
        let mut total = Counts::default();
        println!();
        for (name, time, counts) in &self.steps {
            let seconds = time.as_secs_f64();
            let share = 100.0 * seconds / whole.max(f64::MIN_POSITIVE);
            println!("{seconds:>7.1} s {share:>3.0} %  {name}: {} passed, {} failed", counts.passed, counts.failed);
            total += *counts;
        }
        for line in self.figures.iter().chain(&self.left_out) {
            println!("{line}");
        }
        if interrupted() {
            bail!("interrupted");
        }
        println!("{} passed, {} failed", total.passed, total.failed);
        Ok(total.failed == 0)
    }
}

/// A step that fell without naming a test (it did not compile, say), and one that ran nothing, count as one failure.
fn judge(name: &str, ended_well: bool, mut counts: Counts, expectation: Expectation) -> Counts {
    if !ended_well && counts.failed == 0 {
        eprintln!("{name}: the runner failed without naming a test");
        counts.failed = 1;
    } else if ended_well && counts.none() && expectation == Expectation::SomeTests {
        eprintln!("{name}: no test ran");
        counts.failed = 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Counts = Counts { passed: 3, failed: 0 };

    #[test]
    fn a_runner_that_fails_without_naming_a_test_is_one_failure() {
        assert_eq!(judge("x", false, THREE, Expectation::SomeTests), Counts { passed: 3, failed: 1 });
    }

    #[test]
    fn a_step_that_ran_nothing_is_a_failure_where_tests_are_expected() {
        assert_eq!(judge("x", true, Counts::default(), Expectation::SomeTests).failed, 1);
        assert_eq!(judge("x", true, Counts::default(), Expectation::MaybeNone).failed, 0);
    }

    #[test]
    fn a_step_that_is_left_out_counts_neither_as_passed_nor_as_failed() {
        let mut report = Report::default();
        report.left_out("Bluetooth appliance", "there is no apt".to_owned());
        assert!(report.steps.is_empty());
        assert_eq!(report.left_out, ["left out: Bluetooth appliance: there is no apt"]);
        assert!(report.close().unwrap());
    }

    #[test]
    fn the_bluetooth_tests_run_in_the_appliance_and_nowhere_else() {
        assert!(is_special("real_bluetooth", BLUETOOTH) && !is_special("real_bluetooth", REAL));
        assert!(is_special("real_bluez_emulator", REAL) && !is_special("real_bluez_emulator", BLUETOOTH));
    }

    #[test]
    fn named_failures_are_counted_as_they_are() {
        let counts = Counts { passed: 3, failed: 2 };
        assert_eq!(judge("x", false, counts, Expectation::SomeTests), counts);
        assert_eq!(judge("x", true, THREE, Expectation::SomeTests), THREE);
    }
}
