//! What each package's manifest must say: the workspace's lints, and every version once, in the workspace.
//! Which packages may depend on which is held by `tests/architecture.rs`.

use toml::{Table, Value};

use super::tree::Tree;

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The fuzz targets are a package outside the workspace, so they cannot inherit from it.
const OUTSIDE: &str = "tests/fuzz/Cargo.toml";

/// Every fault as `path: what`.
pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| file.name() == "Cargo.toml" && file.path != OUTSIDE) {
        let parsed = file.text().map(str::parse::<Table>);
        match parsed {
            Some(Ok(manifest)) => faults.extend(faults_of(&manifest).map(|what| format!("{}: {what}", file.path))),
            Some(Err(error)) => faults.push(format!("{}: {}", file.path, error.message())),
            None => faults.push(format!("{}: is not text", file.path)),
        }
    }
    faults
}

fn faults_of(manifest: &Table) -> impl Iterator<Item = String> {
    let mut faults = Vec::new();
    // The workspace's own manifest is where the versions and lints are.
    if manifest.contains_key("package") {
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if lints != Some(&Value::Boolean(true)) {
            faults.push("lacks `[lints] workspace = true`".to_owned());
        }
        let targets = manifest.get("target").and_then(Value::as_table);
        let per_target = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
        for table in std::iter::once(manifest).chain(per_target) {
            faults.extend(own_versions(table));
        }
    }
    faults.into_iter()
}

/// The dependencies of one table group that do not take their version from the workspace.
fn own_versions(table: &Table) -> Vec<String> {
    let tables = DEPENDENCY_TABLES.iter().filter_map(|name| table.get(*name).and_then(Value::as_table));
    tables
        .flatten()
        .filter(|(_, dependency)| dependency.get("workspace") != Some(&Value::Boolean(true)))
        .map(|(name, _)| format!("`{name}` does not take its version from the workspace"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of_manifest(text: &str) -> Vec<String> {
        faults(&Tree::of(&[("x/Cargo.toml", text)]))
    }

    #[test]
    fn a_package_without_the_lints_of_the_workspace_is_a_fault() {
        assert_eq!(faults_of_manifest("[package]\nname = \"x\"\n").len(), 1);
        assert!(faults_of_manifest("[package]\nname = \"x\"\n[lints]\nworkspace = true\n").is_empty());
    }

    #[test]
    fn a_version_of_its_own_is_a_fault_in_every_kind_of_table() {
        let text = "[package]\nname = \"x\"\n[lints]\nworkspace = true\n[dependencies]\na = \"1\"\n\
                    b = { workspace = true, features = [\"c\"] }\n[dev-dependencies]\nc = { path = \"../c\" }\n\
                    [target.'cfg(unix)'.dependencies]\nd = { version = \"1\" }\n";
        let faults = faults_of_manifest(text);
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn the_manifest_of_the_workspace_holds_the_versions() {
        assert!(faults_of_manifest("[workspace.dependencies]\na = \"1\"\n").is_empty());
    }
}
