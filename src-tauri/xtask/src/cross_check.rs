//! Type-checks the workspace for Windows or macOS on Debian: another rustc of the same source language, its standard library
//! built for the target, and stand-ins for the tools that a check needs to start but whose work it throws away.
//! It proves types, not linking and not behaviour. No part of `ci`: it fetches 140 MB of Debian packages once.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::process::{command, run as run_to_end};
use crate::root::Root;

/// Debian's second Rust: the only one there that comes with the source of its standard library. Unpacked, never installed.
const PACKAGES: [&str; 11] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.96",
    "libllvm22",
    "libgit2-1.5",
    "libhttp-parser2.9",
    "libmbedcrypto7",
    "libmbedtls14",
    "libmbedx509-1",
];

/// The package that holds every adapter and what lies beneath them. The window's own lines are the same on every system but
/// for `sys.rs`; `--package bedside` checks those where the screen was built before.
const EVERYTHING_BUT_THE_WINDOW: &str = "bedside-ctl";

/// Answers like a compiler and writes empty objects: nothing is linked.
const COMPILER: &str = r##"#!/bin/sh
out= prev=
for a in "$@"; do [ "$prev" = -o ] && out=$a; prev=$a; done
case " $* " in
*" -E "*) echo '#define STAND_IN 1'; exit 0 ;;
*" --version "* | *" -v "*) echo "@VERSION@"; exit 0 ;;
esac
[ -n "$out" ] && : >"$out"
exit 0
"##;

/// Writes an empty archive wherever one is asked for.
const ARCHIVER: &str = r#"#!/bin/sh
for a in "$@"; do case "$a" in *.a | *.lib) printf '!<arch>\n' >"$a"; exit 0 ;; esac; done
exit 0
"#;

/// Import libraries and resources of Windows, empty.
const WINDOWS_TOOL: &str = r#"#!/bin/sh
prev=
for a in "$@"; do
    case "$prev" in -l | --output-lib | -o | --output) printf '!<arch>\n' >"$a" ;; esac
    case "$a" in --output=*) : >"${a#--output=}" ;; esac
    prev=$a
done
exit 0
"#;

/// `cross-check`.
#[derive(Args)]
pub(crate) struct CrossCheckArguments {
    /// For which system.
    system: System,
    /// Only these packages; repeat for more. Default: all but the window.
    #[arg(long, value_name = "NAME")]
    package: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum System {
    Windows,
    Macos,
}

impl System {
    const fn target(self) -> &'static str {
        match self {
            Self::Windows => "x86_64-pc-windows-gnu",
            Self::Macos => "aarch64-apple-darwin",
        }
    }

    const fn compiler_version(self) -> &'static str {
        match self {
            Self::Windows => "gcc version 12.2.0 (GCC)",
            Self::Macos => "Apple clang version 15.0.0 (clang-1500.0.0.0)",
        }
    }
}

/// Fetches the tools where they are missing and checks.
pub(crate) fn run(root: &Root, arguments: &CrossCheckArguments) -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("the cross check runs on Debian for x86-64; on the system itself `cargo check` says more");
    }
    let rust = unpacked_rust(root)?;
    let stand_ins =
        StandIns::write(root.cache().join("cross-tools").join(arguments.system.target()), arguments.system)?;
    let mut check = command(rust.join("usr/bin/cargo"));
    check.current_dir(root.path()).args(["check", "--locked", "-Zbuild-std=std,panic_abort", "--target"]);
    check.arg(arguments.system.target());
    if arguments.package.is_empty() {
        check.args(["--package", EVERYTHING_BUT_THE_WINDOW]);
    }
    for name in &arguments.package {
        check.args(["--package", name]);
    }
    use_rust(&mut check, &rust);
    stand_ins.use_in(&mut check, arguments.system)?;
    check.env("CARGO_TARGET_DIR", root.target().join("cross"));
    run_to_end(&mut check)?;
    println!("cross-check {}: no type error", arguments.system.target());
    Ok(())
}

/// The folder that holds Debian's second Rust.
fn unpacked_rust(root: &Root) -> Result<PathBuf> {
    let folder = root.cache().join("cross-rust");
    if folder.join("complete").exists() {
        return Ok(folder);
    }
    let packages = folder.join("packages");
    std::fs::create_dir_all(&packages).with_context(|| format!("cannot make {}", packages.display()))?;
    let fetched = run_to_end(command("apt-get").arg("download").args(PACKAGES).current_dir(&packages));
    fetched.context("Debian's packages could not be fetched; `apt-get update` may help")?;
    for package in files_in(&packages)? {
        run_to_end(command("dpkg-deb").arg("-x").arg(&package).arg(&folder))?;
    }
    std::fs::remove_dir_all(&packages)?;
    std::fs::write(folder.join("complete"), PACKAGES.join("\n"))?;
    Ok(folder)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    entries.collect()
}

fn use_rust(check: &mut Command, rust: &Path) {
    let libraries = [rust.join("usr/lib"), rust.join("usr/lib/x86_64-linux-gnu")];
    let libraries = libraries.map(|folder| folder.display().to_string()).join(":");
    check
        .env("LD_LIBRARY_PATH", libraries)
        .env("RUSTC", rust.join("usr/bin/rustc"))
        .env("RUSTDOC", rust.join("usr/bin/rustdoc"))
        // Building the standard library is an unstable option of a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        // Set by rustup's cargo for its own tool chain.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO");
}

/// The folder of the tools that only seem to work.
struct StandIns(PathBuf);

impl StandIns {
    fn write(folder: PathBuf, system: System) -> Result<Self> {
        for empty in ["include", "lib", "sdk"] {
            std::fs::create_dir_all(folder.join(empty))?;
        }
        let compiler = COMPILER.replace("@VERSION@", system.compiler_version());
        // None has the name of a tool that this machine's own build scripts are linked with.
        let scripts = [
            ("stand-in-cc", compiler.as_str()),
            ("stand-in-ar", ARCHIVER),
            ("x86_64-w64-mingw32-dlltool", WINDOWS_TOOL),
            ("x86_64-w64-mingw32-windres", WINDOWS_TOOL),
        ];
        for (name, script) in scripts {
            write_script(&folder.join(name), script)?;
        }
        Ok(Self(folder))
    }

    fn use_in(&self, check: &mut Command, system: System) -> Result<()> {
        let folder = &self.0;
        let target = system.target().replace('-', "_");
        for (tool, script) in
            [("CC", "stand-in-cc"), ("CXX", "stand-in-cc"), ("AR", "stand-in-ar"), ("RANLIB", "stand-in-ar")]
        {
            check.env(format!("{tool}_{target}"), folder.join(script));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(folder.clone()).chain(std::env::split_paths(&path));
        check.env("PATH", std::env::join_paths(path)?);
        match system {
            System::Macos => check.env("SDKROOT", folder.join("sdk")),
            System::Windows => check
                .env("OPENSSL_DIR", folder)
                .env("OPENSSL_LIB_DIR", folder.join("lib"))
                .env("OPENSSL_INCLUDE_DIR", folder.join("include")),
        };
        Ok(())
    }
}

#[cfg(unix)]
fn write_script(path: &Path, script: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, script).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn write_script(path: &Path, _script: &str) -> Result<()> {
    bail!("{} is a script of Unix", path.display())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_stand_ins_write_what_a_build_script_looks_for() {
        let folder = tempfile::tempdir().unwrap();
        let tools = StandIns::write(folder.path().join("tools"), System::Windows).unwrap().0;
        let made = |tool: &str, arguments: &[&str], file: &str| {
            let file = folder.path().join(file);
            let status = command(tools.join(tool)).args(arguments).arg(&file).status().unwrap();
            status.success() && file.exists()
        };
        assert!(made("stand-in-cc", &["-c", "x.c", "-o"], "x.o"));
        assert!(made("stand-in-ar", &["crs"], "libx.a"));
        assert!(made("x86_64-w64-mingw32-dlltool", &["-d", "x.def", "-l"], "x.lib"));
        let version = command(tools.join("stand-in-cc")).arg("--version").output().unwrap();
        assert!(String::from_utf8_lossy(&version.stdout).contains("GCC"));
    }
}
