//! The end of the program: a person closes the window, or the system asks for it (logout, shutdown, `kill`).
//! Both close the console first, so that the record says it ended as it should. What closing means is `start.rs`'s.
use crate::start::Shell;
use tauri::{AppHandle, Manager, RunEvent};

/// The window's end waits until the console has committed what is pending and closed the vault.
pub(crate) fn on_event(app: &AppHandle, event: RunEvent) {
    let RunEvent::ExitRequested { api, code, .. } = event else { return };
    if code.is_some() {
        return;
    }
    api.prevent_exit();
    tauri::async_runtime::spawn(end(app.clone()));
}

/// From now on the system's request to end does what closing the window does.
pub(crate) fn heed_the_system(app: &AppHandle) {
    #[cfg(unix)]
    for kind in [tokio::signal::unix::SignalKind::terminate(), tokio::signal::unix::SignalKind::interrupt()] {
        tauri::async_runtime::spawn(end_on(kind, app.clone()));
    }
    // Elsewhere a session that ends closes its windows first.
    #[cfg(not(unix))]
    let _ = app;
}

#[cfg(unix)]
async fn end_on(kind: tokio::signal::unix::SignalKind, app: AppHandle) {
    match tokio::signal::unix::signal(kind) {
        Ok(mut requests) => {
            if requests.recv().await.is_some() {
                tracing::info!("the system asks Bedside to end");
                end(app).await;
            }
        }
        // Then such a request ends the program at once, as if the power failed: the record survives that, too.
        Err(error) => tracing::warn!(code = "WINDOW-SIGNAL", %error, "requests of the system to end are not heeded"),
    }
}

/// Closes the console and ends the program.
async fn end(app: AppHandle) {
    app.state::<Shell>().close().await;
    tracing::info!("Bedside ends");
    app.exit(0);
}
