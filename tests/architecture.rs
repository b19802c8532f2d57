//! Holds this checkout to ARCHITECTURE.md: layers, homes of libraries, purity of the core, profiles.
//! The rules themselves, and the proof that each can fail, are in `src/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bedside_tests::homes::{self, Named};
use bedside_tests::layers::{self, Member};
use bedside_tests::purity;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

#[test]
fn no_edge_between_packages_breaks_the_layers() {
    let metadata = metadata().unwrap();
    let members = metadata.packages.iter().map(|package| Member {
        name: package.name.to_string(),
        folder: folder_of(&metadata, package),
        uses: package.dependencies.iter().filter(|used| used.path.is_some()).map(|used| used.name.clone()).collect(),
    });
    let faults = layers::faults(&members.collect::<Vec<_>>());
    assert!(faults.is_empty(), "{}", lines(&faults));
}

#[test]
fn no_library_is_named_outside_its_home() {
    let metadata = metadata().unwrap();
    let named = metadata.packages.iter().flat_map(|package| {
        package.dependencies.iter().map(|used| Named {
            folder: folder_of(&metadata, package),
            library: used.name.clone(),
            features: used.features.clone(),
            for_tests: used.kind == DependencyKind::Development,
        })
    });
    let faults = homes::faults(&named.collect::<Vec<_>>());
    assert!(faults.is_empty(), "{}", lines(&faults));
}

#[test]
fn every_crate_of_the_core_is_proven_pure_in_one_of_the_two_ways() {
    for folder in core_crates().unwrap() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let listed = purity::WITHOUT_STD.contains(&name.as_str()) || purity::SCANNED.contains(&name.as_str());
        assert!(listed, "{name} is neither in WITHOUT_STD nor in SCANNED");
    }
}

#[test]
fn the_core_does_without_the_standard_library() {
    for folder in core_crates().unwrap().iter().filter(|folder| purity::WITHOUT_STD.iter().any(|n| folder.ends_with(n)))
    {
        let root_file = folder.join("src/lib.rs");
        let text = fs::read_to_string(&root_file).unwrap();
        assert!(purity::states_no_std(&text), "{} does not state #![no_std]", root_file.display());
        for (file, text) in sources(&folder.join("src")).unwrap() {
            assert!(!purity::brings_std_back(&text), "{} brings std back", file.display());
        }
    }
}

#[test]
fn charts_and_fhir_do_not_reach_outside() {
    for folder in core_crates().unwrap().iter().filter(|folder| purity::SCANNED.iter().any(|n| folder.ends_with(n))) {
        for (file, text) in sources(&folder.join("src")).unwrap() {
            let found = purity::reaches_outside(&text);
            assert!(found.is_empty(), "{} names std::{}", file.display(), found.join(", std::"));
        }
    }
}

#[test]
fn no_profile_ends_the_program_on_a_panic() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let faults = purity::aborting_profiles(&manifest);
    assert!(faults.is_empty(), "{}", lines(&faults));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps().exec().context("cargo cannot read the workspace")
}

/// The folder of the package's manifest, from the root, with forward slashes.
fn folder_of(metadata: &Metadata, package: &Package) -> String {
    let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
    let inside = folder.strip_prefix(&metadata.workspace_root).unwrap_or(folder);
    inside.as_str().replace('\\', "/")
}

fn core_crates() -> Result<Vec<PathBuf>> {
    let parent = root().join("src-tauri/crates/core");
    let entries = fs::read_dir(&parent).with_context(|| format!("cannot list {}", parent.display()))?;
    let mut folders = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    folders.sort();
    assert!(folders.len() >= 8, "found only {} crates of the core", folders.len());
    Ok(folders)
}

/// Every Rust file of the product below the folder, with its text; files of modules for tests only are left out.
fn sources(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            found.push((path, text));
        }
    }
    let for_tests: Vec<PathBuf> = found
        .iter()
        .filter_map(|(file, text)| Some((file.parent()?, text)))
        .flat_map(|(parent, text)| purity::test_modules(text).into_iter().map(|name| parent.join(format!("{name}.rs"))))
        .collect();
    found.retain(|(file, _)| !for_tests.contains(file));
    Ok(found)
}

fn lines(faults: &[impl ToString]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
