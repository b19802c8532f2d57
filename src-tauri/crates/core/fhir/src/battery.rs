//! The charge of a device's battery as an Observation of the device, not of a patient (uv-phd 2.0.0).
//! Not here: when it is worth telling the server.
use crate::codes;
use crate::datatypes::{Identifier, Meta, Quantity, Reference};
use crate::filing::{FilingContext, NotFilable, instant, stable_id};
use crate::reading::of_device;
use crate::resources::Observation;
use bedside_vitals::{ConnectionId, DeviceDescription, Unit, WallTime};
use serde_json::{Map, Number};
use uuid::Uuid;

/// The charge as a device told it on one connection.
#[derive(Clone, Copy, Debug)]
pub struct BatteryInput<'a> {
    /// The device.
    pub device: &'a DeviceDescription,
    /// The connection.
    pub connection: ConnectionId,
    /// The charge in hundredths, 0 to 100.
    pub percent: u8,
    /// When it was read.
    pub at: WallTime,
}

/// The id of the Observation: one for each connection, whatever the charge.
pub fn battery_id(input: &BatteryInput<'_>) -> Uuid {
    stable_id(&format!("battery|{}|{}", input.device.id, input.connection))
}

/// The charge as one Observation: the device is the subject, this console the one that read it.
pub fn battery_observation(context: &FilingContext, input: &BatteryInput<'_>) -> Result<Observation, NotFilable> {
    let id = battery_id(input);
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data || input.device.simulated),
        identifier: vec![Identifier::of_uuid(id)],
        effective_date_time: Some(instant(input.at)?),
        value_quantity: Some(Quantity {
            value: Some(Number::from(input.percent)),
            unit: Some(Unit::Percent.symbol().to_owned()),
            system: Some(codes::uri::UCUM.to_owned()),
            code: Some(Unit::Percent.ucum().to_owned()),
            rest: Map::new(),
        }),
        device: Some(Reference::to("Device", context.gateway)),
        ..of_device(codes::BATTERY_CHARGE, input.device)
    })
}
