//! `fuzz`: runs the fuzz targets of `tests/fuzz` and prints what each executed and found.
//! Which targets there are says that package's manifest; what they hold their codecs to, its library.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{command, interrupted, run as run_to_end, run_and_read, succeeds};
use crate::root::Root;

/// The `cargo-fuzz` that is installed where none is.
const VERSION: &str = "0.13.2";

/// Longer than any value of the vectors, short enough to be quick.
const LONGEST_INPUT: usize = 512;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct FuzzArguments {
    /// Only this target.
    target: Option<String>,
    /// How often each target is executed.
    #[arg(long, default_value_t = 1_200_000)]
    runs: u64,
}

/// A target and the characteristics whose vectors are its seeds.
type Families = BTreeMap<String, Vec<String>>;

/// Runs the targets one after the other; a finding in one does not stop the next. True when nothing was found.
///
/// # Errors
/// When there is no such target, or one cannot be built.
pub(crate) fn run(root: &Root, options: &FuzzArguments) -> Result<bool> {
    let manifest = root.path().join("tests/fuzz/Cargo.toml");
    let manifest = fs::read_to_string(manifest).context("tests/fuzz has no manifest")?;
    let families = chosen(families(&manifest)?, options.target.as_deref())?;
    let vectors = fs::read_to_string(root.path().join("tests/codec/vectors.jsonl")).context("there are no vectors")?;
    let program = find_or_build(root)?;
    let place = root.target().join("fuzz");
    // A target that cannot be built is no finding.
    run_to_end(cargo_fuzz(root, &program, &place, "build").args(options.target.as_ref()))?;

    let mut reports = Vec::new();
    for (target, characteristics) in &families {
        if interrupted() {
            bail!("interrupted");
        }
        let (corpus, findings) = (place.join("corpus").join(target), place.join("findings").join(target));
        fs::create_dir_all(&findings).with_context(|| format!("cannot make {}", findings.display()))?;
        write_seeds(&corpus, &seeds(&vectors, characteristics)?)?;
        let before = files_in(&findings)?;
        let mut fuzz = cargo_fuzz(root, &program, &place, "run");
        fuzz.arg(target).arg(&corpus);
        fuzz.args(["--", "-verbosity=0", "-print_final_stats=1"]).arg(format!("-runs={}", options.runs));
        fuzz.arg(format!("-max_len={LONGEST_INPUT}")).arg(format!("-artifact_prefix={}/", findings.display()));
        let (status, output) = run_and_read(&mut fuzz)?;
        let found = files_in(&findings)?.saturating_sub(before).max(usize::from(!status.success()));
        reports.push(Report { target: target.clone(), executions: executions(&output), findings: found });
    }
    println!();
    print!("{}", table(&reports));
    Ok(reports.iter().all(|report| report.findings == 0))
}

fn cargo_fuzz(root: &Root, program: &Path, place: &Path, what: &str) -> Command {
    let mut fuzz = command(program);
    // libFuzzer's hooks are unstable flags of the compiler; a stable compiler takes them when it is told to.
    fuzz.current_dir(root.path()).env("RUSTC_BOOTSTRAP", "1").args(["fuzz", what, "--sanitizer", "none"]);
    fuzz.arg("--fuzz-dir").arg(root.path().join("tests/fuzz")).arg("--target-dir").arg(place);
    fuzz
}

/// What one target did.
struct Report {
    target: String,
    executions: u64,
    findings: usize,
}

fn families(manifest: &str) -> Result<Families> {
    let manifest: toml::Table = manifest.parse().context("the manifest of tests/fuzz is not TOML")?;
    let table = manifest.get("package").and_then(|package| package.get("metadata")?.get("families")?.as_table());
    let table = table.context("the manifest of tests/fuzz has no [package.metadata.families]")?;
    let family = |(name, listed): (&String, &toml::Value)| {
        let listed = listed.as_array().with_context(|| format!("the family {name} is not a list"))?;
        Ok((name.clone(), listed.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()))
    };
    table.iter().map(family).collect()
}

fn chosen(mut families: Families, only: Option<&str>) -> Result<Families> {
    if let Some(only) = only {
        let names = families.keys().cloned().collect::<Vec<_>>().join(", ");
        families.retain(|name, _| name == only);
        if families.is_empty() {
            bail!("there is no target {only}; there are {names}");
        }
    }
    Ok(families)
}

/// The octets of every vector of these characteristics, rejected ones too, that are octets at all.
fn seeds(vectors: &str, characteristics: &[String]) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for line in vectors.lines() {
        let vector: Value = serde_json::from_str(line).context("a line of the vectors is not JSON")?;
        let text = |name: &str| vector.get(name).and_then(Value::as_str).unwrap_or_default();
        if characteristics.iter().any(|one| one == text("characteristic"))
            && let Some(octets) = octets_of(text("hex"))
        {
            found.push(octets);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn octets_of(hex: &str) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The corpus begins with the seeds alone: a run does not depend on the runs before it.
fn write_seeds(corpus: &Path, seeds: &[Vec<u8>]) -> Result<()> {
    if corpus.exists() {
        fs::remove_dir_all(corpus).with_context(|| format!("cannot empty {}", corpus.display()))?;
    }
    fs::create_dir_all(corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number:04}")), seed).context("cannot write a seed")?;
    }
    Ok(())
}

fn files_in(folder: &Path) -> Result<usize> {
    Ok(fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?.count())
}

/// What libFuzzer counted; 0 where it ended before it could say.
fn executions(output: &str) -> u64 {
    let counted = output.lines().find_map(|line| line.trim().strip_prefix("stat::number_of_executed_units:"));
    counted.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

fn table(reports: &[Report]) -> String {
    let width = reports.iter().map(|report| report.target.len()).max().unwrap_or(0);
    let row = |Report { target, executions, findings }: &Report| {
        format!("{target:<width$}  {executions:>10} executions  {findings} findings\n")
    };
    reports.iter().map(row).collect()
}

fn find_or_build(root: &Root) -> Result<PathBuf> {
    let cached = root.cache().join("bin").join(format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX));
    for program in [PathBuf::from("cargo-fuzz"), cached.clone()] {
        if succeeds(command(&program).args(["fuzz", "--version"])) {
            return Ok(program);
        }
    }
    println!("fuzz: building cargo-fuzz {VERSION} once");
    // Unoptimised and without debug symbols: it only starts the compiler and the target.
    let mut install = command("cargo");
    install.args(["install", "cargo-fuzz", "--version", VERSION, "--locked", "--debug", "--root"]);
    run_to_end(install.arg(root.cache()).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    Ok(cached)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = include_str!("../../../tests/fuzz/Cargo.toml");
    const VECTORS: &str = include_str!("../../../tests/codec/vectors.jsonl");

    #[test]
    fn every_target_of_the_manifest_is_a_family_and_the_other_way_round() {
        let manifest: toml::Table = MANIFEST.parse().unwrap();
        let programs = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap().to_owned());
        let mut programs: Vec<String> = programs.collect();
        programs.sort();
        let families: Vec<String> = families(MANIFEST).unwrap().into_keys().collect();
        assert_eq!(families, programs);
    }

    #[test]
    fn every_characteristic_of_the_vectors_is_the_seed_of_one_target() {
        let listed: Vec<String> = families(MANIFEST).unwrap().into_values().flatten().collect();
        for line in VECTORS.lines().filter(|line| line.contains("\"expected\"")) {
            let vector: Value = serde_json::from_str(line).unwrap();
            let characteristic = vector["characteristic"].as_str().unwrap();
            assert_eq!(listed.iter().filter(|one| *one == characteristic).count(), 1, "{characteristic}");
        }
    }

    #[test]
    fn seeds_are_octets_and_each_is_there_once() {
        let vectors = concat!(
            "{\"characteristic\":\"A\",\"hex\":\"01FF\"}\n{\"characteristic\":\"A\",\"hex\":\"01FF\"}\n",
            "{\"characteristic\":\"A\",\"hex\":\"0G\"}\n{\"characteristic\":\"B\",\"hex\":\"02\"}\n",
        );
        assert_eq!(seeds(vectors, &["A".to_owned()]).unwrap(), [[1, 255]]);
    }

    #[test]
    fn a_target_that_is_not_there_is_named_with_those_that_are() {
        let families = Families::from([("polar".to_owned(), Vec::new())]);
        let error = chosen(families, Some("polra")).unwrap_err().to_string();
        assert_eq!(error, "there is no target polra; there are polar");
    }

    #[test]
    fn executions_are_what_libfuzzer_counted() {
        let output = "INFO: Seed: 1\nstat::number_of_executed_units: 1200000\nstat::peak_rss_mb: 40\n";
        assert_eq!(executions(output), 1_200_000);
        assert_eq!(executions("panicked"), 0);
    }
}
