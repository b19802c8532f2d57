//! Where devices keep stored records and how their records are told apart: one row for each service with a memory.
//! Not here: the order of asking (`downloads`) and what a record says (`profiles`).
use crate::input::RecordMark;
use crate::profiles::offers;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::vec::Vec;
use bedside_gatt::continuous_glucose::measurement as continuous;
use bedside_gatt::end_to_end_check::CheckSums;
use bedside_gatt::generic_health::StoredObservation;
use bedside_gatt::glucose::GlucoseMeasurement;
use bedside_gatt::glucose_context::GlucoseContext;
use bedside_gatt::record_access::Bound;
use bedside_gatt::uuids;
use bedside_vitals::DeviceTime;
use uuid::Uuid;

/// The memory of one service.
#[derive(Debug)]
pub(crate) struct Memory {
    /// The service.
    pub(crate) service: Uuid,
    /// The characteristic that brings the records.
    pub(crate) records: Uuid,
    /// The characteristic that brings what belongs to them.
    pub(crate) context: Option<Uuid>,
    /// Whether the device can be asked from a number on.
    pub(crate) numbers: Numbers,
    /// The records of one value, or of what several parts of one were joined to.
    read: fn(&[u8]) -> Vec<Record>,
}

/// What a device's records are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// By nothing: all are always fetched.
    None,
    /// Two octets.
    Narrow,
    /// Four octets.
    Wide,
}

/// One record, as far as fetching is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// `None` when the value could not be read: it came all the same.
    pub(crate) mark: Option<RecordMark>,
    /// What belongs to it comes in a value of its own.
    pub(crate) context_follows: bool,
}

static TABLE: &[Memory] = &[
    Memory {
        service: uuids::GLUCOSE_SERVICE,
        records: uuids::GLUCOSE_MEASUREMENT,
        context: Some(uuids::GLUCOSE_MEASUREMENT_CONTEXT),
        numbers: Numbers::Narrow,
        read: glucose,
    },
    Memory {
        service: uuids::PULSE_OXIMETER_SERVICE,
        records: uuids::SPOT_CHECK_OXIMETRY,
        context: None,
        numbers: Numbers::None,
        read: one_without_number,
    },
    Memory {
        service: uuids::CONTINUOUS_GLUCOSE_SERVICE,
        records: uuids::CONTINUOUS_GLUCOSE_MEASUREMENT,
        context: None,
        // Minutes begin anew with each sensor and do not tell which one: everything is fetched.
        numbers: Numbers::None,
        read: continuous_glucose,
    },
    Memory {
        service: uuids::GENERIC_HEALTH_SENSOR_SERVICE,
        records: uuids::STORED_HEALTH_OBSERVATIONS,
        context: None,
        numbers: Numbers::Wide,
        read: health_observation,
    },
];

/// The memories that a device offers: records, and a control point to ask for them.
pub(crate) fn of(services: &[DiscoveredService]) -> impl Iterator<Item = &'static Memory> {
    TABLE.iter().filter(|memory| offers(services, memory.control_point()) && offers(services, memory.at()))
}

/// The memory that a characteristic belongs to.
pub(crate) fn with_records(at: CharacteristicAddress) -> Option<&'static Memory> {
    TABLE.iter().find(|memory| memory.at() == at)
}

/// Whether values of a characteristic may be old: it also brings stored records.
pub(crate) fn may_be_stored(characteristic: Uuid) -> bool {
    TABLE.iter().any(|memory| memory.records == characteristic)
}

/// The memory whose records have contexts of their own.
pub(crate) fn with_context() -> Option<&'static Memory> {
    TABLE.iter().find(|memory| memory.context.is_some())
}

/// The sequence number of a glucose context.
pub(crate) fn context_number(bytes: &[u8]) -> Option<u32> {
    GlucoseContext::decode(bytes).ok().map(|context| context.sequence_number.into())
}

impl Memory {
    /// Where the records come from.
    pub(crate) const fn at(&self) -> CharacteristicAddress {
        CharacteristicAddress { service: self.service, characteristic: self.records }
    }

    /// Where what belongs to the records comes from.
    pub(crate) fn context_at(&self) -> Option<CharacteristicAddress> {
        self.context.map(|characteristic| CharacteristicAddress { service: self.service, characteristic })
    }

    /// Where they are asked for.
    pub(crate) const fn control_point(&self) -> CharacteristicAddress {
        CharacteristicAddress { service: self.service, characteristic: uuids::RECORD_ACCESS_CONTROL_POINT }
    }

    /// The records of one value; of a memory whose records come in several, of their parts joined.
    pub(crate) fn read(&self, bytes: &[u8]) -> Vec<Record> {
        (self.read)(bytes)
    }

    /// Whether a record may come in several values.
    pub(crate) fn in_parts(&self) -> bool {
        self.numbers == Numbers::Wide
    }

    /// The number as the control point takes it; `None` when records have none, or at its end, where numbers begin anew.
    pub(crate) fn bound(&self, mark: RecordMark) -> Option<Bound> {
        match self.numbers {
            Numbers::None => None,
            Numbers::Narrow => u16::try_from(mark.number).ok().filter(|&n| n != u16::MAX).map(Bound::Number),
            Numbers::Wide => Some(mark.number).filter(|&n| n != u32::MAX).map(Bound::WideNumber),
        }
    }
}

fn glucose(bytes: &[u8]) -> Vec<Record> {
    let record = GlucoseMeasurement::decode(bytes).map_or(UNREADABLE, |packet| Record {
        mark: Some(RecordMark { number: packet.sequence_number.into(), base_time: Some(packet.base_time) }),
        context_follows: packet.context_follows,
    });
    Vec::from([record])
}

/// The records of a value, numbered by their minutes since the sensor's session began.
fn continuous_glucose(bytes: &[u8]) -> Vec<Record> {
    let Ok(records) = continuous::decode(bytes, CheckSums::ByLength) else { return Vec::from([UNREADABLE]) };
    let record = |minutes: u16| Record {
        mark: Some(RecordMark { number: minutes.into(), base_time: None }),
        context_follows: false,
    };
    records.iter().map(|found| record(found.time_offset_min)).collect()
}

/// A stored observation, joined: one that says nothing readable but its number came all the same.
fn health_observation(body: &[u8]) -> Vec<Record> {
    let number = body.first_chunk().map(|octets| u32::from_le_bytes(*octets));
    let stored = StoredObservation::decode(body).ok();
    let time = stored.and_then(|stored| stored.observation.leaves().first().and_then(|leaf| leaf.time));
    let base_time = time.and_then(|time| time.as_if_utc()).and_then(DeviceTime::of_as_if_utc);
    let mark = number.map(|number| RecordMark { number, base_time });
    Vec::from([Record { mark, context_follows: false }])
}

fn one_without_number(_: &[u8]) -> Vec<Record> {
    Vec::from([UNREADABLE])
}

const UNREADABLE: Record = Record { mark: None, context_follows: false };
