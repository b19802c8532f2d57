//! `endure`: the proofs of the vault and of sync at length: thousands of kills, torn logs, failing calls, flipped bits
//! and faults of the network. What is proven lies in tests that `test` runs too, with fewer tries.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::helios::{CLINIC_SERVER, Helios};
use crate::process::{command, interrupted, run_and_read};
use crate::root::Root;
use crate::setup;

/// What every proof adds its line to; the tests themselves read this variable.
pub(crate) const FIGURES: &str = "BEDSIDE_PROOFS";

const VAULT: Package = Package {
    name: "bedside-vault-sqlcipher",
    #[cfg(test)]
    folder: "../crates/adapters/vault-sqlcipher",
};
const PRODUCT: Package = Package {
    name: "bedside-tests",
    #[cfg(test)]
    folder: "../../tests",
};
const LONG: (&str, &str) = ("BEDSIDE_ENDURE", "long");

/// The proofs, shortest first.
const PROOFS: [Proof; 9] = [
    Proof {
        within: &["chain::attacks"],
        ..proof("audit", "src/chain_tests.rs", "1,000 audit entries attacked in every way")
    },
    proof("bit_flips", "tests/bit_flips.rs", "10,000 flipped bits"),
    proof("io_errors", "tests/io_errors.rs", "every call of the file system fails, once and for good"),
    proof("power_loss", "tests/power_loss.rs", "20,000 disks as a loss of power leaves them"),
    proof("spool", "tests/spool.rs", "2,000 kills while readings go into the spool"),
    proof("kill", "tests/kill.rs", "10,000 kills at recording, moving, compacting, migrating, rekeying, backing up"),
    Proof {
        package: PRODUCT,
        within: &["schedules::", "week::"],
        servers: Servers::Engine,
        ..proof("sync", "sync/schedules.rs", "2,000 schedules of faults and a week with 20 kills, the engine in memory")
    },
    Proof {
        package: PRODUCT,
        within: &["schedules::"],
        servers: Servers::Helios,
        ..proof("sync_helios", "sync/schedules.rs", "2,000 schedules of faults between a console and Helios")
    },
    proof("torn_wal", "tests/torn_wal.rs", "100,000 torn or garbled logs"),
];

/// Where the proofs of sync are.
const SYNC: &str = "real_sync";

#[derive(Clone, Copy)]
struct Package {
    name: &'static str,
    /// From this package.
    #[cfg(test)]
    folder: &'static str,
}

/// What has to run around a proof.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Servers {
    None,
    /// It starts what it needs itself, by node.
    Engine,
    Helios,
}

struct Proof {
    package: Package,
    /// That of its test program, where it is not a part of the library and not one of sync.
    name: &'static str,
    /// Where it is written, in the package.
    file: &'static str,
    about: &'static str,
    /// The modules in which its tests are: of the library, or of the program that proves sync. None for a whole
    /// program.
    within: &'static [&'static str],
    servers: Servers,
}

const fn proof(name: &'static str, file: &'static str, about: &'static str) -> Proof {
    Proof { package: VAULT, name, file, about, within: &[], servers: Servers::None }
}

impl Proof {
    /// What cargo is told, behind the package.
    fn arguments(&self) -> Vec<&'static str> {
        let mut arguments = match (self.within, self.servers) {
            ([], _) => vec!["--test", self.name, "--"],
            (_, Servers::None) => vec!["--lib", "--"],
            (_, Servers::Engine | Servers::Helios) => vec!["--test", SYNC, "--"],
        };
        arguments.extend(self.within);
        // One test at a time: a child that another test starts holds, for a moment, the lock of a vault that this
        // process has just closed.
        arguments.extend(["--nocapture", "--test-threads=1"]);
        arguments
    }
}

/// What to run.
#[derive(clap::Args)]
pub(crate) struct EndureArguments {
    /// Only this proof; without it all, one after the other (some hours).
    proof: Option<String>,
    /// Other chance: the same number makes the same.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the proofs one after the other; one that fails does not stop the next. True when none failed.
///
/// # Errors
/// When there is no such proof, or the person interrupts.
pub(crate) fn run(root: &Root, options: &EndureArguments) -> Result<bool> {
    let proofs = chosen(options.proof.as_deref())?;
    let mut ended = Vec::new();
    for (proof, number) in proofs.iter().zip(1..) {
        println!("\n== {number} of {}: {} ({}): {}", proofs.len(), proof.name, proof.file, proof.about);
        let figures = Figures::begin(root)?;
        let began = Instant::now();
        let mut cargo = command("cargo");
        // As it ships, and as the benchmarks are built; the test runner of `test` would end what takes so long.
        cargo.current_dir(root.path()).args(["test", "--profile", "bench", "--package", proof.package.name]);
        cargo.args(proof.arguments());
        cargo.env(LONG.0, LONG.1).env(FIGURES, &figures.0);
        if let Some(seed) = options.seed {
            cargo.env("BEDSIDE_SEED", seed.to_string());
        }
        let around = Around::start(root, proof.servers)?;
        around.apply(&mut cargo);
        let (status, _) = run_and_read(&mut cargo)?;
        drop(around);
        if interrupted() {
            bail!("interrupted");
        }
        ended.push(Ended { proof, took: began.elapsed(), held: status.success(), figures: figures.read() });
    }
    println!();
    print!("{}", table(&ended));
    Ok(ended.iter().all(|proof| proof.held))
}

/// The servers around a proof, while it runs.
struct Around {
    node: Option<setup::Node>,
    helios: Option<Helios>,
}

impl Around {
    fn start(root: &Root, servers: Servers) -> Result<Self> {
        let prepare = || setup::prepare(root, setup::packages::EVERYTHING_BUT_PACKAGING);
        let node = if servers == Servers::None { None } else { Some(prepare()?) };
        let helios = if servers == Servers::Helios { Some(Helios::start(root)?) } else { None };
        Ok(Self { node, helios })
    }

    fn apply(&self, tests: &mut Command) {
        if let Some(node) = &self.node {
            tests.env("BEDSIDE_NODE", node.program("node").get_program());
        }
        if let Some(helios) = &self.helios {
            tests.env(CLINIC_SERVER, helios.base());
        }
    }
}

/// The file to which proofs add their lines, empty at first.
pub(crate) struct Figures(pub(crate) PathBuf);

impl Figures {
    /// # Errors
    /// When the file of an earlier run cannot be removed.
    pub(crate) fn begin(root: &Root) -> Result<Self> {
        let file = root.cache().join("proofs.txt");
        fs::create_dir_all(root.cache()).context("cannot make the cache")?;
        if file.exists() {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
        Ok(Self(file))
    }

    /// What they said, without the word in front.
    pub(crate) fn read(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(|line| line.strip_prefix("proof: ").unwrap_or(line).to_owned()).collect()
    }
}

fn chosen(only: Option<&str>) -> Result<Vec<&'static Proof>> {
    let found: Vec<_> = PROOFS.iter().filter(|proof| only.is_none_or(|name| name == proof.name)).collect();
    if found.is_empty() {
        let names = PROOFS.map(|proof| proof.name).join(", ");
        bail!("there is no proof {}; there are {names}", only.unwrap_or_default());
    }
    Ok(found)
}

struct Ended<'a> {
    proof: &'a Proof,
    took: Duration,
    held: bool,
    figures: Vec<String>,
}

fn table(ended: &[Ended<'_>]) -> String {
    let width = ended.iter().map(|ended| ended.proof.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Ended { proof, took, held, figures } in ended {
        let (program, verdict) = (proof.name, if *held { "held" } else { "FAILED" });
        text += &format!("{program:<width$}  {:>6} s  {verdict}\n", took.as_secs());
        for line in figures {
            text += &format!("{:<width$}  {line}\n", "");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_proof_has_its_tests_where_it_says() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for proof in &PROOFS {
            let file = here.join(proof.package.folder).join(proof.file);
            let text = fs::read_to_string(file).unwrap_or_default();
            // A proof says its figures.
            assert!(text.contains("test]") && text.contains("tell("), "{}", proof.file);
        }
    }

    #[test]
    fn every_proof_runs_one_test_at_a_time_and_that_of_sync_has_the_week_too() {
        for proof in &PROOFS {
            let arguments = proof.arguments();
            assert!(arguments.ends_with(&["--nocapture", "--test-threads=1"]), "{}: {arguments:?}", proof.name);
        }
        let sync = chosen(Some("sync")).unwrap()[0].arguments();
        assert_eq!(sync[..5], ["--test", "real_sync", "--", "schedules::", "week::"]);
    }

    #[test]
    fn a_proof_that_is_not_there_is_named_with_those_that_are() {
        let error = chosen(Some("kil")).err().unwrap().to_string();
        assert!(error.starts_with("there is no proof kil; there are audit, bit_flips, "), "{error}");
        assert_eq!(chosen(Some("kill")).unwrap().len(), 1);
        assert_eq!(chosen(None).unwrap().len(), PROOFS.len());
    }

    #[test]
    fn the_table_has_the_figures_below_each_proof() {
        let ended = |held| Ended {
            proof: &PROOFS[0],
            took: Duration::from_secs(75),
            held,
            figures: vec!["flipped bits: 9 flips, 0 silently wrong".to_owned()],
        };
        let text = table(&[ended(true), ended(false)]);
        let line = "       flipped bits: 9 flips, 0 silently wrong\n";
        assert_eq!(text, format!("audit      75 s  held\n{line}audit      75 s  FAILED\n{line}"));
    }
}
