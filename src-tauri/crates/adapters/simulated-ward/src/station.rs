//! One device as the radio sees it: reach, link, subscriptions, identity, battery and clock around its model.
//! What happens between devices and in which order is the world's (`world.rs`).
use crate::clock::Clock;
use crate::device::cuff::Cuff;
use crate::device::ecg_sensor::EcgSensor;
use crate::device::glucose_meter::GlucoseMeter;
use crate::device::health_sensor::HealthSensor;
use crate::device::optical_sensor::OpticalSensor;
use crate::device::oximeter::Oximeter;
use crate::device::pleth_oximeter::PlethOximeter;
use crate::device::records::{MemoryHabits, RecordDevice};
use crate::device::scale::Scale;
use crate::device::spot::{Habits, SpotDevice};
use crate::device::spot_oximeter::SpotOximeter;
use crate::device::strap::Strap;
use crate::device::thermometer::Thermometer;
use crate::device::{Model, Moment, Subscriptions, characteristic};
use crate::heart::{Heart, Hearts};
use crate::pairing::BothEnds;
use crate::random::Random;
use crate::scenario::{ClockService, Corruption, DeviceKind, DevicePlan, Security};
use bedside_console::ports::{Advertisement, PeripheralId};
use bedside_gatt::battery::BatteryLevel;
use bedside_gatt::current_time::{AdjustReasons, CurrentTime};
use bedside_gatt::device_information::{SystemId, encode_text};
use bedside_gatt::{date_time, uuids};
use bedside_session::{
    CharacteristicAddress, DiscoveredCharacteristic, DiscoveredService, PairingFault, Properties, RadioFault,
};
use bedside_vitals::{Parameter, WallTime};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// One device.
pub(crate) struct Station {
    pub(crate) peripheral: PeripheralId,
    pub(crate) plan: DevicePlan,
    pub(crate) model: Box<dyn Model>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) signal_dbm: i16,
    pub(crate) in_reach: bool,
    pub(crate) away_until: Option<Duration>,
    pub(crate) silent: bool,
    pub(crate) corruptions: VecDeque<Corruption>,
    pub(crate) link: Option<Link>,
    pub(crate) links_made: u64,
    pub(crate) next_advertisement: Duration,
    pub(crate) bond: BothEnds,
}

/// A link.
pub(crate) struct Link {
    /// From 1, of this device.
    pub(crate) number: u64,
    pub(crate) subscriptions: Subscriptions,
    /// When the supervision time-out ends a link out of reach.
    pub(crate) lost_at: Option<Duration>,
    /// Values of each characteristic so far.
    pub(crate) frames: BTreeMap<CharacteristicAddress, u64>,
    /// Valid values of each parameter so far.
    pub(crate) values: BTreeMap<Parameter, u64>,
}

/// Weaker signals are not heard.
const WEAKEST_DBM: i16 = -95;

impl Station {
    pub(crate) fn new(plan: &DevicePlan, hearts: &Hearts, seed: u64, utc_offset_minutes: i16) -> Self {
        let id = plan.id();
        let mut random = Random::new(seed, &id, "radio");
        let phase = Duration::from_millis(random.between(0, 999).unsigned_abs());
        Self {
            peripheral: PeripheralId(format!("sim:{id}")),
            model: model(plan, hearts, Random::new(seed, &id, "signal"), phase),
            clock: Clock::new(plan.clock, utc_offset_minutes),
            random,
            signal_dbm: plan.signal_dbm,
            in_reach: true,
            away_until: None,
            silent: false,
            corruptions: VecDeque::new(),
            link: None,
            links_made: 0,
            next_advertisement: Duration::ZERO,
            bond: BothEnds::default(),
            plan: plan.clone(),
        }
    }

    /// A fault when it keeps its values from whom it is not paired with.
    pub(crate) fn require_bond(&self) -> Result<(), RadioFault> {
        match (self.plan.security, self.bond) {
            (Security::Open, _) | (_, BothEnds { computer: true, device: true }) => Ok(()),
            (_, BothEnds { computer: true, device: false }) => Err(PairingFault::BondsDisagree.into()),
            (_, BothEnds { computer: false, .. }) => Err(RadioFault::PairingNeeded),
        }
    }

    /// Whether the radio can hear it, adapter aside.
    pub(crate) const fn is_reachable(&self) -> bool {
        self.in_reach && self.away_until.is_none() && self.signal_dbm >= WEAKEST_DBM
    }

    /// Whether it would answer to a scan.
    pub(crate) fn is_advertising(&self) -> bool {
        self.link.is_none() && self.is_reachable() && self.model.advertises()
    }

    /// A delay of the radio.
    pub(crate) fn delay(&mut self, least_ms: i64, most_ms: i64) -> Duration {
        Duration::from_millis(self.random.between(least_ms, most_ms).unsigned_abs())
    }

    /// What it broadcasts.
    pub(crate) fn advertisement(&mut self) -> Advertisement {
        let noise = self.random.between(-3, 3) as i16;
        let services = self.model.services();
        Advertisement {
            peripheral: self.peripheral.clone(),
            name: Some(self.plan.name()),
            services: services.into_iter().map(|service| service.uuid).collect(),
            signal_dbm: Some(self.signal_dbm + noise),
            simulated: true,
        }
    }

    /// Its service table.
    pub(crate) fn services(&self) -> Vec<DiscoveredService> {
        let mut services = self.model.services();
        let service = |uuid, characteristics| DiscoveredService { uuid, characteristics };
        match self.plan.clock.service {
            ClockService::None => {}
            ClockService::CurrentTime => {
                services.push(service(uuids::CURRENT_TIME_SERVICE, vec![characteristic(uuids::CURRENT_TIME, "rw")]));
            }
            ClockService::DateTime => {
                if let Some(measuring) = services.first_mut() {
                    measuring.characteristics.push(characteristic(uuids::DATE_TIME, "rw"));
                }
            }
        }
        let texts = [
            uuids::MANUFACTURER_NAME,
            uuids::MODEL_NUMBER,
            uuids::SERIAL_NUMBER,
            uuids::FIRMWARE_REVISION,
            uuids::HARDWARE_REVISION,
            uuids::SYSTEM_ID,
        ];
        let texts: Vec<DiscoveredCharacteristic> = texts.map(|uuid| characteristic(uuid, "r")).into();
        services.push(service(uuids::DEVICE_INFORMATION_SERVICE, texts));
        services.push(service(uuids::BATTERY_SERVICE, vec![characteristic(uuids::BATTERY_LEVEL, "r")]));
        services
    }

    /// What a characteristic allows; `None` when there is none.
    pub(crate) fn properties(&self, at: CharacteristicAddress) -> Option<Properties> {
        let services = self.services();
        let service = services.iter().find(|service| service.uuid == at.service)?;
        let found = service.characteristics.iter().find(|found| found.uuid == at.characteristic)?;
        Some(found.properties)
    }

    /// The value of a readable characteristic.
    pub(crate) fn read(&self, at: CharacteristicAddress, now: Duration, wall: WallTime) -> Option<Vec<u8>> {
        match at.characteristic {
            uuids::MANUFACTURER_NAME => Some(encode_text("Simulated")),
            uuids::MODEL_NUMBER => Some(encode_text(self.plan.kind.title())),
            uuids::SERIAL_NUMBER => Some(encode_text(&self.plan.serial())),
            uuids::FIRMWARE_REVISION => Some(encode_text("1.0.0")),
            uuids::HARDWARE_REVISION => Some(encode_text("A")),
            uuids::SYSTEM_ID => self.system_id().encode().ok(),
            uuids::BATTERY_LEVEL => Some(self.battery(now).encode()),
            uuids::CURRENT_TIME => self.current_time(wall).encode().ok(),
            uuids::DATE_TIME => date_time::encode(self.clock.shows(wall)).ok(),
            own => self.model.read(own),
        }
    }

    /// Takes a written value; `Err` says why it is refused.
    pub(crate) fn write(
        &mut self,
        at: CharacteristicAddress,
        octets: &[u8],
        now: Duration,
        wall: WallTime,
    ) -> Result<(), String> {
        let time = match at.characteristic {
            uuids::CURRENT_TIME => CurrentTime::decode(octets).map(|current| current.time),
            uuids::DATE_TIME => date_time::decode(octets),
            _ => return self.model.write(at, octets, Moment { now, wall, clock: &self.clock }),
        };
        let time = time.map_err(|error| error.to_string())?;
        if self.clock.set(time, wall) { Ok(()) } else { Err("date or time out of range".to_owned()) }
    }

    fn current_time(&self, wall: WallTime) -> CurrentTime {
        CurrentTime {
            time: self.clock.shows(wall),
            day_of_week: self.clock.day_of_week(wall),
            fractions256: self.clock.fractions256(wall),
            adjust_reasons: AdjustReasons::from_bits(0),
        }
    }

    /// A made-up id under an OUI with the bit "locally administered".
    const fn system_id(&self) -> SystemId {
        let kind = self.plan.kind as u64;
        SystemId { manufacturer_id: kind << 8 | self.plan.number as u64, oui: 0x02_5E_ED }
    }

    /// One per cent in half an hour.
    fn battery(&self, now: Duration) -> BatteryLevel {
        let full = 100 - u64::from(self.plan.number) * 7;
        BatteryLevel::Percent(full.saturating_sub(now.as_secs() / 1_800).max(4) as u8)
    }
}

/// What is usual for the person in each bed.
struct Person {
    saturation_percent: u8,
    systolic: i64,
    diastolic: i64,
    temperature_tenths: i64,
    glucose_mg_dl: i64,
    weight_kg: i64,
    height_mm: i64,
}

const PEOPLE: [Person; 4] = [
    Person {
        saturation_percent: 97,
        systolic: 124,
        diastolic: 78,
        temperature_tenths: 367,
        glucose_mg_dl: 112,
        weight_kg: 71,
        height_mm: 1716,
    },
    Person {
        saturation_percent: 95,
        systolic: 146,
        diastolic: 88,
        temperature_tenths: 371,
        glucose_mg_dl: 146,
        weight_kg: 84,
        height_mm: 1805,
    },
    Person {
        saturation_percent: 93,
        systolic: 108,
        diastolic: 64,
        temperature_tenths: 386,
        glucose_mg_dl: 98,
        weight_kg: 58,
        height_mm: 1632,
    },
    Person {
        saturation_percent: 98,
        systolic: 131,
        diastolic: 82,
        temperature_tenths: 364,
        glucose_mg_dl: 124,
        weight_kg: 77,
        height_mm: 1760,
    },
];

fn model(plan: &DevicePlan, hearts: &Hearts, random: Random, phase: Duration) -> Box<dyn Model> {
    let bed = usize::from(plan.number.saturating_sub(1)) % PEOPLE.len();
    let person = &PEOPLE[bed];
    let heart: Heart = hearts.by_bed[bed].clone();
    let habits = Habits { shows_progress: plan.shows_progress, measures_twice: plan.measures_twice };
    let memory = MemoryHabits { older_records: plan.older_records, always_awake: false };
    match plan.kind {
        DeviceKind::Strap => Box::new(Strap::new(heart, phase)),
        // There is one ECG recording, so every ECG sensor wears the first heart.
        DeviceKind::EcgSensor => Box::new(EcgSensor::new(hearts.by_bed[0].clone(), hearts.ecg.clone(), phase)),
        DeviceKind::Oximeter => Box::new(Oximeter::new(heart, person.saturation_percent, random, phase)),
        DeviceKind::Cuff => {
            Box::new(SpotDevice::new(Cuff::new(heart, person.systolic, person.diastolic), habits, random))
        }
        DeviceKind::Thermometer => {
            Box::new(SpotDevice::new(Thermometer::new(person.temperature_tenths), habits, random))
        }
        DeviceKind::GlucoseMeter => {
            let in_moles = plan.number.is_multiple_of(2);
            Box::new(RecordDevice::new(GlucoseMeter::new(person.glucose_mg_dl, in_moles), memory, random))
        }
        DeviceKind::Scale => {
            let slot = bed as u8 + 1;
            Box::new(SpotDevice::new(Scale::new(person.weight_kg, person.height_mm, slot), habits, random))
        }
        DeviceKind::PlethOximeter => Box::new(PlethOximeter::new(heart, person.saturation_percent, random, phase)),
        DeviceKind::OpticalSensor => Box::new(OpticalSensor::new(heart, phase)),
        DeviceKind::HealthSensor => {
            let sensor = HealthSensor::new(person.temperature_tenths, person.saturation_percent);
            Box::new(RecordDevice::new(sensor, memory, random))
        }
        DeviceKind::SpotOximeter => {
            Box::new(RecordDevice::new(SpotOximeter::new(person.saturation_percent), memory, random))
        }
    }
}
