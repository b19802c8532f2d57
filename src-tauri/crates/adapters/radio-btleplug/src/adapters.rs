//! Every adapter of this computer, for IT: its name and whether it is on.
//! Not here: the one in use (`adapter.rs`).
use bedside_console::ports::{AdapterLine, AdapterState};
#[cfg(target_os = "linux")]
use std::time::Duration;

/// What BlueZ knows, in the order of names; empty when it cannot be asked. `in_use` is the name of the one in use.
#[cfg(target_os = "linux")]
pub(crate) async fn all(in_use: Option<&str>, limit: Duration) -> Vec<AdapterLine> {
    use zbus::fdo::ObjectManagerProxy;
    let asking = async {
        let bus = zbus::Connection::system().await?;
        let manager = ObjectManagerProxy::builder(&bus).destination("org.bluez")?.path("/")?.build().await?;
        let objects = manager.get_managed_objects().await?;
        // Closed whether or not it says goodbye.
        let _ = bus.close().await;
        zbus::Result::Ok(objects)
    };
    let Ok(Ok(objects)) = tokio::time::timeout(limit, asking).await else { return Vec::new() };
    let mut lines: Vec<AdapterLine> = objects
        .iter()
        .filter_map(|(path, interfaces)| {
            let adapter = interfaces.get("org.bluez.Adapter1")?;
            let powered = adapter.get("Powered").and_then(|on| bool::try_from(on).ok()).unwrap_or(false);
            let name = path.as_str().rsplit('/').next().unwrap_or_default().to_owned();
            let state = if powered { AdapterState::On } else { AdapterState::Off };
            Some(AdapterLine { in_use: in_use == Some(&name), name, state })
        })
        .collect();
    lines.sort_by(|one, other| one.name.cmp(&other.name));
    lines
}

/// Other systems have one adapter, and the library names it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn only(name: &str, state: AdapterState) -> Vec<AdapterLine> {
    vec![AdapterLine { name: name.to_owned(), state, in_use: true }]
}
