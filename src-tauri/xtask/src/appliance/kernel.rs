//! The kernel of the appliance: the package that apt offers, fetched once and kept, never installed.
//! What is taken out of it is the build script's business.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::process::{capture, command, run};
use crate::setup::packages::refresh_lists;

/// Debian's package that depends on the newest general kernel for a PC; the one for clouds has no Bluetooth at all.
pub(super) const NEWEST: &str = "linux-image-amd64";
const KEPT_PREFIX: &str = "linux-image-";

/// A kernel package by its name and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kernel {
    package: String,
    version: String,
}

impl Kernel {
    /// The newest that apt's lists have; `None` when they have none.
    pub(super) fn offered() -> Option<Self> {
        let mut ask = command("apt-cache");
        capture(ask.args(["show", "--no-all-versions", NEWEST])).ok().and_then(|text| Self::of_description(&text))
    }

    /// From the line "Depends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)" of the description.
    fn of_description(text: &str) -> Option<Self> {
        let depends = text.lines().find_map(|line| line.strip_prefix("Depends:"))?;
        let first = depends.split([',', '|']).map(str::trim).find(|package| package.starts_with(KEPT_PREFIX))?;
        let (package, version) = first.split_once(" (= ")?;
        Some(Self { package: package.to_owned(), version: version.strip_suffix(')')?.to_owned() })
    }

    fn file_name(&self) -> String {
        format!("{}_{}_amd64.deb", self.package, self.version.replace(':', "%3a"))
    }

    /// Into a folder of its own, so that a half downloaded package is never taken for a whole one.
    fn download(&self, folder: &Path) -> Result<()> {
        let wanted = format!("{}={}", self.package, self.version);
        run(command("apt-get").args(["--quiet", "download", &wanted]).current_dir(folder))
    }
}

/// Whether a kernel was fetched before.
pub(super) fn is_kept(downloads: &Path) -> bool {
    kept(downloads).is_some()
}

/// The package file of the newest kernel, fetched where it is not there yet; one of before where it cannot be fetched.
///
/// # Errors
/// When there is none and none can be fetched, also not with fresh package lists.
pub(super) fn fetch(downloads: &Path) -> Result<PathBuf> {
    fetch_through(downloads, Kernel::offered, Kernel::download, refresh_lists)
}

fn fetch_through(
    downloads: &Path,
    offered: impl Fn() -> Option<Kernel>,
    download: impl Fn(&Kernel, &Path) -> Result<()>,
    refresh: impl FnOnce() -> Result<()>,
) -> Result<PathBuf> {
    let attempt = || {
        let kernel = offered().with_context(|| format!("apt offers no {NEWEST}"))?;
        let file = downloads.join(kernel.file_name());
        if !file.exists() {
            keep(&kernel, &file, downloads, &download).with_context(|| format!("cannot fetch {}", kernel.package))?;
        }
        Ok(file)
    };
    let fault: anyhow::Error = match attempt() {
        Ok(file) => return Ok(file),
        Err(fault) => fault,
    };
    println!("set-up: {fault:#}");
    if let Some(file) = kept(downloads) {
        println!("set-up: taking the kernel that was fetched before, {}", file.display());
        return Ok(file);
    }
    // Lists that are old name a version that the archive no longer has.
    refresh()?;
    attempt()
}

fn keep(kernel: &Kernel, file: &Path, downloads: &Path, download: impl Fn(&Kernel, &Path) -> Result<()>) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("new-").tempdir_in(downloads);
    let folder = folder.with_context(|| format!("cannot write to {}", downloads.display()))?;
    download(kernel, folder.path())?;
    let Some(fetched) = packages_in(folder.path()).pop() else { bail!("apt reported no error but left no package") };
    fs::rename(&fetched, file).with_context(|| format!("cannot create {}", file.display()))?;
    // Only now: until there is a newer one, an older one is what the appliance is made of.
    for other in packages_in(downloads).into_iter().filter(|other| other != file) {
        // A package that stays costs room and nothing else.
        let _ = fs::remove_file(other);
    }
    Ok(())
}

/// The one that was fetched last.
fn kept(downloads: &Path) -> Option<PathBuf> {
    let fetched = |file: &PathBuf| file.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    packages_in(downloads).into_iter().max_by_key(fetched)
}

fn packages_in(folder: &Path) -> Vec<PathBuf> {
    let is_package =
        |name: &str| name.starts_with(KEPT_PREFIX) && Path::new(name).extension().is_some_and(|end| end == "deb");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_str().is_some_and(is_package)).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn kernel(number: u32) -> Kernel {
        Kernel { package: format!("linux-image-6.1.0-{number}-amd64"), version: "6.1.1-1".into() }
    }

    /// As apt does: under the name that it chooses.
    fn put(kernel: &Kernel, folder: &Path) -> Result<()> {
        Ok(fs::write(folder.join(kernel.file_name()), "a kernel")?)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_kernel_is_the_one_that_the_offered_package_depends_on() {
        let text =
            "Package: linux-image-amd64\nVersion: 6.1.192-2\nDepends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)\n";
        let found = Kernel::of_description(text).unwrap();
        assert_eq!(found, Kernel { package: "linux-image-6.1.0-56-amd64".into(), version: "6.1.192-2".into() });
        assert_eq!(found.file_name(), "linux-image-6.1.0-56-amd64_6.1.192-2_amd64.deb");
        assert_eq!(Kernel::of_description("Package: linux-image-amd64\nDepends: linux-base\n"), None);
        assert_eq!(Kernel::of_description(""), None);
    }

    #[test]
    fn an_older_kernel_goes_only_when_a_newer_one_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let no_refresh = || -> Result<()> { bail!("refreshed for nothing") };
        fetch_through(folder.path(), || Some(kernel(1)), put, no_refresh).unwrap();
        let file = fetch_through(folder.path(), || Some(kernel(2)), put, no_refresh).unwrap();
        assert_eq!(file, folder.path().join(kernel(2).file_name()));
        assert_eq!(names(folder.path()), [kernel(2).file_name()]);
    }

    #[test]
    fn a_kernel_of_before_serves_while_a_newer_one_cannot_be_fetched() {
        let folder = tempfile::tempdir().unwrap();
        put(&kernel(1), folder.path()).unwrap();
        let half = |newer: &Kernel, folder: &Path| -> Result<()> {
            put(newer, folder)?;
            bail!("no network")
        };
        let file = fetch_through(folder.path(), || Some(kernel(2)), half, || bail!("refreshed for nothing")).unwrap();
        assert_eq!(file, folder.path().join(kernel(1).file_name()));
        assert_eq!(names(folder.path()), [kernel(1).file_name()], "nothing half is left");
        assert!(is_kept(folder.path()));
    }

    #[test]
    fn with_no_kernel_at_all_the_lists_are_refreshed_and_it_is_tried_once_more() {
        let folder = tempfile::tempdir().unwrap();
        let newest = Cell::new(None);
        let refresh = || {
            newest.set(Some(3));
            Ok(())
        };
        let file = fetch_through(folder.path(), || newest.get().map(kernel), put, refresh).unwrap();
        assert_eq!(file, folder.path().join(kernel(3).file_name()));

        let empty = tempfile::tempdir().unwrap();
        let fault = fetch_through(empty.path(), || Some(kernel(1)), |_, _| bail!("not found"), || Ok(())).unwrap_err();
        assert_eq!(format!("{fault:#}"), "cannot fetch linux-image-6.1.0-1-amd64: not found");
    }
}
