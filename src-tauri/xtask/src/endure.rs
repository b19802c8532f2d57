//! `endure`: the proofs of the vault at length: thousands of kills, torn logs, failing calls and flipped bits.
//! What is proven lies in the vault's own tests, which `test` runs too, with fewer tries.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{command, interrupted, run_and_read};
use crate::root::Root;

/// What every proof adds its line to; the tests themselves read this variable.
pub(crate) const FIGURES: &str = "BEDSIDE_PROOFS";

const PACKAGE: &str = "bedside-vault-sqlcipher";
const LONG: (&str, &str) = ("BEDSIDE_ENDURE", "long");

/// The proofs, shortest first.
const PROOFS: [Proof; 7] = [
    Proof {
        within: Some("chain::attacks"),
        ..proof("audit", "src/chain_tests.rs", "1,000 audit entries attacked in every way")
    },
    proof("bit_flips", "tests/bit_flips.rs", "10,000 flipped bits"),
    proof("io_errors", "tests/io_errors.rs", "every call of the file system fails, once and for good"),
    proof("power_loss", "tests/power_loss.rs", "20,000 disks as a loss of power leaves them"),
    proof("spool", "tests/spool.rs", "2,000 kills while readings go into the spool"),
    proof("kill", "tests/kill.rs", "10,000 kills at recording, moving, compacting, migrating, rekeying, backing up"),
    proof("torn_wal", "tests/torn_wal.rs", "100,000 torn or garbled logs"),
];

struct Proof {
    /// That of its test program, where it is not a part of the library.
    name: &'static str,
    /// Where it is written, in the package.
    file: &'static str,
    about: &'static str,
    /// The module of the library in which its tests are.
    within: Option<&'static str>,
}

const fn proof(name: &'static str, file: &'static str, about: &'static str) -> Proof {
    Proof { name, file, about, within: None }
}

impl Proof {
    /// What cargo is told, behind the package.
    fn arguments(&self) -> Vec<&'static str> {
        match self.within {
            None => vec!["--test", self.name, "--"],
            Some(module) => vec!["--lib", "--", module],
        }
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
        cargo.current_dir(root.path()).args(["test", "--profile", "bench", "--package", PACKAGE]);
        // One test at a time: a child that another test starts holds, for a moment, the lock of a vault that this process
        // has just closed.
        cargo.args(proof.arguments()).args(["--nocapture", "--test-threads=1"]);
        cargo.env(LONG.0, LONG.1).env(FIGURES, &figures.0);
        if let Some(seed) = options.seed {
            cargo.env("BEDSIDE_SEED", seed.to_string());
        }
        let (status, _) = run_and_read(&mut cargo)?;
        if interrupted() {
            bail!("interrupted");
        }
        ended.push(Ended { proof, took: began.elapsed(), held: status.success(), figures: figures.read() });
    }
    println!();
    print!("{}", table(&ended));
    Ok(ended.iter().all(|proof| proof.held))
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
    fn every_proof_has_its_tests_in_the_vault() {
        let vault = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/adapters/vault-sqlcipher");
        for proof in &PROOFS {
            let text = fs::read_to_string(vault.join(proof.file)).unwrap_or_default();
            // A proof says its figures.
            assert!(text.contains("test]") && text.contains("tell("), "{}", proof.file);
        }
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
