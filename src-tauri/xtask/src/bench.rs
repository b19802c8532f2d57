//! `bench`: runs every benchmark of the workspace and prints one table.
//! What is measured, and how, is written in each crate's `benches/`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::helios::{CLINIC_SERVER, Helios};
use crate::members::Members;
use crate::process::{command, run as run_command, run_and_read};
use crate::root::Root;
use crate::setup;

/// The one that needs servers around it.
const SYNC: &str = "sync";

/// Runs the benchmarks one after the other: two at once would measure each other.
///
/// # Errors
/// When there are none or one fails.
pub(crate) fn run(root: &Root) -> Result<()> {
    let members = Members::read(root)?;
    let benchmarks = members.benchmarks();
    if benchmarks.is_empty() {
        bail!("no package of the workspace has a benchmark");
    }
    let mut rows = Vec::new();
    for (package, name) in benchmarks {
        let mut cargo = command("cargo");
        let around = if name == SYNC { Some(Around::start(root)?) } else { None };
        if let Some(around) = &around {
            around.apply(&mut cargo);
        }
        cargo.current_dir(root.path()).args(["bench", "--quiet", "--package", package, "--bench", name]);
        let (status, output) = run_and_read(&mut cargo)?;
        if !status.success() {
            bail!("the benchmark {name} of {package} ended with {status}");
        }
        rows.extend(results(&output).map(|(what, figure)| (name.to_owned(), what.to_owned(), figure.to_owned())));
    }
    println!();
    print!("{}", table(&rows));
    Ok(())
}

/// What the benchmark of sync is held against: a real server where it is built, and a plain client.
struct Around {
    node: setup::Node,
    helios: Option<Helios>,
    python: Option<PathBuf>,
}

impl Around {
    fn start(root: &Root) -> Result<Self> {
        let node = setup::prepare(root, setup::packages::EVERYTHING_BUT_PACKAGING)?;
        let helios = if Helios::is_built(root) { Some(Helios::start(root)?) } else { None };
        if helios.is_none() {
            println!("sync: `cargo xtask helios --build-only` would put Helios in the place of the engine in memory");
        }
        let python = match plain_client(root) {
            Ok(python) => Some(python),
            Err(error) => {
                println!("sync: no plain client to hold ours against: {error:#}");
                None
            }
        };
        Ok(Self { node, helios, python })
    }

    /// The benchmark itself reads these variables.
    fn apply(&self, benchmark: &mut Command) {
        benchmark.env("BEDSIDE_NODE", self.node.program("node").get_program());
        if let Some(helios) = &self.helios {
            benchmark.env(CLINIC_SERVER, helios.base());
        }
        if let Some(python) = &self.python {
            benchmark.env("BEDSIDE_FHIRPY", python);
        }
    }
}

/// A Python with the packages of the list, made once outside the checkout.
fn plain_client(root: &Root) -> Result<PathBuf> {
    let list = root.path().join("tests/benches/fhirpy-requirements.txt");
    let text = std::fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let key: String = Sha256::digest(text).iter().take(6).map(|octet| format!("{octet:02x}")).collect();
    let folder = root.outside().join(format!("fhirpy-{key}"));
    let python = folder.join("bin/python");
    let done = folder.join("installed");
    if !done.exists() {
        run_command(command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = command(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        run_command(pip.args(["--only-binary=:all:", "--requirement"]).arg(&list))?;
        std::fs::write(&done, "").context("cannot write to the cache")?;
    }
    Ok(python)
}

/// The lines of the form `what: figure`; a benchmark may print other lines beside them.
fn results(output: &str) -> impl Iterator<Item = (&str, &str)> {
    output.lines().filter_map(|line| {
        let (what, figure) = line.rsplit_once(": ")?;
        let figure = figure.trim();
        figure.starts_with(|first: char| first.is_ascii_digit()).then_some((what.trim(), figure))
    })
}

fn table(rows: &[(String, String, String)]) -> String {
    let width = |column: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
    };
    let (first, second) = (width(|row| &row.0), width(|row| &row.1));
    rows.iter().map(|(name, what, figure)| format!("{name:<first$}  {what:<second$}  {figure}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_end_in_a_figure_are_results() {
        let output = "heart rate parse: 12.4 ns\nwarming up: please wait\nplain text\nsweep: 812 bytes/frame\n";
        let found: Vec<_> = results(output).collect();
        assert_eq!(found, [("heart rate parse", "12.4 ns"), ("sweep", "812 bytes/frame")]);
    }

    #[test]
    fn the_columns_of_the_table_line_up() {
        let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let text = table(&[row("gatt", "parse", "1 ns"), row("charts", "sweep frame", "2 ms")]);
        assert_eq!(text, "gatt    parse        1 ns\ncharts  sweep frame  2 ms\n");
    }
}
