//! The files of the checkout that belong to the project, and the rules on where files may lie and how large they are.
//! Ignored files are skipped as `.gitignore` says; git itself is not needed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Everything that may lie at the top, besides files and folders whose names begin with a dot.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    "assets",
    "src-tauri",
    "ui",
    "tests",
];

const LARGE: usize = 1 << 20;

/// Files that may be larger, each with a reason to be.
const MAY_BE_LARGE: &[&str] = &[];

/// A file, with its path from the root written with forward slashes.
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

impl File {
    /// The contents, unless they are no text.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok().filter(|text| !text.contains('\0'))
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(super) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// All files of the project, sorted by path.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    /// # Errors
    /// When a file cannot be read or `.gitignore` holds a pattern that this does not understand.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let ignored = fs::read_to_string(root.join(".gitignore")).context("cannot read .gitignore")?;
        let ignored = ignored.lines().filter_map(Ignored::parse).collect::<Result<Vec<_>>>()?;
        let mut tree = Self { files: Vec::new() };
        tree.add(root, Path::new(""), &ignored)?;
        tree.files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(tree)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() };
        Self { files: files.iter().map(file).collect() }
    }

    fn add(&mut self, root: &Path, below: &Path, ignored: &[Ignored]) -> Result<()> {
        let folder = root.join(below);
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let inside: PathBuf = below.join(entry.file_name());
            let path = inside.to_string_lossy().replace('\\', "/");
            if path == ".git" || ignored.iter().any(|pattern| pattern.matches(&path)) {
                continue;
            }
            let kind = entry.file_type().with_context(|| format!("cannot look at {path}"))?;
            if kind.is_dir() {
                self.add(root, &inside, ignored)?;
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
                self.files.push(File { path, bytes });
            }
        }
        Ok(())
    }
}

/// A line of `.gitignore`, in the three forms that this project uses.
#[derive(Debug, PartialEq, Eq)]
enum Ignored {
    /// `/ui/dist/`: this folder or file.
    Path(String),
    /// `node_modules/`: any folder or file of this name.
    Name(String),
    /// `*.log`: any file that ends so.
    Ending(String),
}

impl Ignored {
    /// `None` for an empty line or a comment.
    fn parse(line: &str) -> Option<Result<Self>> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let plain = line.trim_end_matches('/');
        let parsed = if let Some(path) = plain.strip_prefix('/') {
            Self::Path(path.to_owned())
        } else if let Some(ending) = plain.strip_prefix('*') {
            Self::Ending(ending.to_owned())
        } else {
            Self::Name(plain.to_owned())
        };
        let inner = match &parsed {
            Self::Path(inner) | Self::Ending(inner) => inner,
            Self::Name(inner) if inner.contains('/') => return Some(Err(not_understood(line))),
            Self::Name(inner) => inner,
        };
        if inner.contains(['*', '?', '[', '!']) {
            return Some(Err(not_understood(line)));
        }
        Some(Ok(parsed))
    }

    fn matches(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        match self {
            Self::Path(ignored) => path == ignored,
            Self::Name(ignored) => name == ignored,
            Self::Ending(ending) => name.ends_with(ending.as_str()),
        }
    }
}

fn not_understood(line: &str) -> anyhow::Error {
    anyhow::anyhow!(".gitignore: `{line}` is none of the forms /path, name, *ending that tidy understands")
}

/// Files outside the agreed top level, and files that are too large.
pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &tree.files {
        let top = file.path.split('/').next().unwrap_or(&file.path);
        if !top.starts_with('.') && !TOP_LEVEL.contains(&top) {
            faults.push(format!("{}: nothing else belongs at the top level", file.path));
        }
        if file.bytes.len() > LARGE && !MAY_BE_LARGE.contains(&file.path.as_str()) {
            faults.push(format!("{}: {} bytes, files over 1 MiB are not kept here", file.path, file.bytes.len()));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_files_are_not_part_of_the_tree() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["target/a", "ui/dist/b", "ui/node_modules/c", "ui/d.log", "ui/src/target/e", "README.md"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "text").unwrap();
        }
        fs::write(root.join(".gitignore"), "# built\n/target/\nnode_modules/\n/ui/dist/\n*.log\n").unwrap();
        let paths: Vec<String> = Tree::read(root).unwrap().files.into_iter().map(|file| file.path).collect();
        assert_eq!(paths, [".gitignore", "README.md", "ui/src/target/e"]);
    }

    #[test]
    fn a_pattern_that_is_not_understood_is_an_error_and_not_skipped() {
        for line in ["!keep", "a/b", "foo*bar", "/x/*.rs"] {
            assert!(Ignored::parse(line).unwrap().is_err(), "{line}");
        }
    }

    #[test]
    fn a_file_outside_the_agreed_top_level_is_a_fault() {
        let tree = Tree::of(&[("notes.md", ""), (".config/x", ""), ("ui/package.json", "")]);
        assert_eq!(faults(&tree), ["notes.md: nothing else belongs at the top level"]);
    }

    #[test]
    fn a_file_over_one_mebibyte_is_a_fault() {
        let large = "x".repeat(LARGE + 1);
        assert_eq!(faults(&Tree::of(&[("assets/a", large.as_str()), ("assets/b", &large[1..])])).len(), 1);
    }
}
