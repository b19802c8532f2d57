//! `lint`: everything that can be said about the sources without running the product.
//! All steps run even after one has failed, so that one look shows everything.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::members::Members;
use crate::process::{command, interrupted, run as run_command};
use crate::root::Root;
use crate::setup::{self, Node};
use crate::{bindings, cargo_deny, tidy};

/// Sets up, then runs every check.
///
/// # Errors
/// When a check failed; the text names each.
pub(crate) fn run(root: &Root) -> Result<()> {
    let node = setup::prepare(root, setup::packages::EVERYTHING_BUT_PACKAGING)?;
    // The shell embeds the built screen, so nothing of it compiles before the screen is built.
    setup::build_screen(root, &node)?;
    let features = Members::read(root)?.features();

    let mut report = Report::default();
    report.step("tidy", || tidy::run(root));
    report.step("format", || run_command(cargo(root).args(["fmt", "--all", "--check"])));
    report.step("clippy", || {
        let mut clippy = cargo(root);
        clippy.args(["clippy", "--workspace", "--all-targets"]).args(&features);
        run_command(clippy.args(["--", "--deny", "warnings"]))
    });
    report.step("docs", || {
        let mut doc = cargo(root);
        doc.args(["doc", "--no-deps", "--workspace"]).args(&features).env("RUSTDOCFLAGS", "--deny warnings");
        run_command(&mut doc)
    });
    report.step("bindings", || bindings::check(root));
    report.step("dependencies", || cargo_deny::check(root));
    report.step("UI lint", || ui_script(root, &node, "lint"));
    report.step("UI check", || ui_script(root, &node, "check"));
    report.close()
}

fn cargo(root: &Root) -> std::process::Command {
    let mut cargo = command("cargo");
    cargo.current_dir(root.path());
    cargo
}

fn ui_script(root: &Root, node: &Node, script: &str) -> Result<()> {
    run_command(node.program("npm").args(["run", script]).current_dir(root.ui()))
}

#[derive(Default)]
struct Report {
    steps: Vec<(&'static str, Duration, bool)>,
}

impl Report {
    fn step(&mut self, name: &'static str, check: impl FnOnce() -> Result<()>) {
        if interrupted() {
            return;
        }
        println!("\n== {name}");
        let began = Instant::now();
        let outcome = check();
        if let Err(error) = &outcome {
            eprintln!("{name}: {error:#}");
        }
        self.steps.push((name, began.elapsed(), outcome.is_ok()));
    }

    fn close(self) -> Result<()> {
        println!();
        for (name, time, good) in &self.steps {
            println!("{:>7.1} s  {name}{}", time.as_secs_f64(), if *good { "" } else { "  FAILED" });
        }
        let failed: Vec<&str> = self.steps.iter().filter(|step| !step.2).map(|step| step.0).collect();
        if interrupted() {
            bail!("interrupted");
        }
        if !failed.is_empty() {
            bail!("lint found faults in: {}", failed.join(", "));
        }
        println!("lint found nothing");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_does_not_stop_the_others_and_is_named_at_the_end() {
        let mut report = Report::default();
        report.step("first", || bail!("a fault"));
        let mut second_ran = false;
        report.step("second", || {
            second_ran = true;
            Ok(())
        });
        assert!(second_ran);
        assert_eq!(report.close().unwrap_err().to_string(), "lint found faults in: first");
    }
}
