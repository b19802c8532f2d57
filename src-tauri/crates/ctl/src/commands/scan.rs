//! `scan`: who is in reach.
//! Needs no vault; with one it says which devices are known.
use crate::arguments::Scan;
use crate::failure::{Failure, UNAVAILABLE};
use crate::output::Output;
use crate::reader::Reader;
use crate::sign_in::Who;
use bedside_assembly::Place;
use bedside_console::ports::{Advertisement, Answer, PeripheralId, Query, Radio, RadioEvent};
use bedside_console::{Permission, RequestError};
use bedside_session::{RadioFault, kind_of};
use bedside_vitals::DeviceDescription;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Scan, output: &Output) -> Result<(), Failure> {
    let (radio, _ward) = place.radio(&place.machine(), None)?;
    let heard = listen(radio.as_ref(), Duration::from_secs(u64::from(arguments.seconds))).await?;
    let known = known(place, who).await;
    let mut heard: Vec<Advertisement> = heard.into_values().collect();
    heard.sort_by_key(|advertisement| std::cmp::Reverse(advertisement.signal_dbm));
    for advertisement in &heard {
        let kind = kind_of(&advertisement.services).name();
        let name = advertisement.name.as_deref().unwrap_or("");
        let is_known = known.iter().any(|device| device.name == name && device.kind.name() == kind);
        let status = if is_known { "known" } else { "new" };
        let signal = advertisement.signal_dbm.map_or_else(|| "?".into(), |dbm| dbm.to_string());
        let services: Vec<String> = advertisement.services.iter().map(ToString::to_string).collect();
        let id = &advertisement.peripheral;
        output.say(
            &format!("{name:<24} {id:<20} {signal:>4} dBm  {kind:<20} {status}"),
            &json!({ "name": advertisement.name, "id": id.0, "services": services, "signal_dbm": advertisement.signal_dbm,
                     "profile": kind, "status": status, "simulated": advertisement.simulated }),
        );
    }
    if heard.is_empty() && !output.is_json() {
        output.note("nothing in reach; wake the device, then search again");
    }
    Ok(())
}

async fn listen(radio: &dyn Radio, how_long: Duration) -> Result<BTreeMap<PeripheralId, Advertisement>, Failure> {
    let failed = |fault: RadioFault| Failure::from(RequestError::Radio(fault));
    let mut events = radio.take_events().ok_or_else(|| Failure::new(UNAVAILABLE, "the radio is in use"))?;
    radio.scan(true).await.map_err(failed)?;
    let end = Instant::now() + how_long;
    let mut heard = BTreeMap::new();
    while let Ok(Some(event)) = timeout_at(end, events.recv()).await {
        if let RadioEvent::Advertised(advertisement) = event {
            heard.insert(advertisement.peripheral.clone(), advertisement);
        }
    }
    radio.scan(false).await.map_err(failed)?;
    Ok(heard)
}

/// The enrolled devices, where there is a vault that opens: the demo vault, or for whoever said --user.
async fn known(place: &Place, who: &Who) -> Vec<DeviceDescription> {
    let Ok(reader) = Reader::open(place, who, &[Permission::ReadRecords]).await else { return Vec::new() };
    let devices = match reader.store().read(Query::Devices).await {
        Ok(Answer::Devices(devices)) => devices,
        _ => Vec::new(),
    };
    let _ = reader.close().await;
    devices
}
