//! The laws of the codecs for weight scales, body composition, user data and its control point.
//! Single captures are tested beside each profile.

use crate::common::{codec_laws, device_time};
use bedside_gatt::body_composition::{
    BodyCompositionFeatures, BodyCompositionJoin, BodyCompositionMeasurement, Joined, ScaleResult, ScaleUnits,
};
use bedside_gatt::user_control::{ConsentCode, ReceivedUserRequest, UserOutcome, UserRefusal, UserReply, UserRequest};
use bedside_gatt::user_data::{self, DateOfBirth, Gender, User};
use bedside_gatt::weight_scale::{BodyMass, WeightMeasurement, WeightScaleFeatures};
use bedside_vitals::Decimal;
use proptest::option;
use proptest::prelude::*;

fn user() -> impl Strategy<Value = User> {
    any::<u8>().prop_map(User::from_octet)
}

fn units() -> impl Strategy<Value = ScaleUnits> {
    prop_oneof![Just(ScaleUnits::Metric), Just(ScaleUnits::Imperial)]
}

fn steps(raw: u16, step: i64, exponent: i8) -> Decimal {
    Decimal::new(i64::from(raw) * step, exponent)
}

fn mass(units: ScaleUnits, raw: u16) -> Decimal {
    match units {
        ScaleUnits::Metric => steps(raw, 5, -3),
        ScaleUnits::Imperial => steps(raw, 1, -2),
    }
}

fn height(units: ScaleUnits, raw: u16) -> Decimal {
    match units {
        ScaleUnits::Metric => steps(raw, 1, -3),
        ScaleUnits::Imperial => steps(raw, 1, -1),
    }
}

fn raw_result() -> impl Strategy<Value = Option<u16>> {
    option::of(0..u16::MAX)
}

fn weight() -> impl Strategy<Value = WeightMeasurement> {
    let body_mass = option::of(any::<(u16, u16)>());
    (units(), raw_result(), option::of(device_time()), option::of(user()), body_mass).prop_map(
        |(units, weight, timestamp, user, body_mass)| WeightMeasurement {
            units,
            weight: weight.map_or(ScaleResult::Unsuccessful, |raw| ScaleResult::Measured(mass(units, raw))),
            timestamp,
            user,
            body_mass: body_mass
                .map(|(index, raw)| BodyMass { index: steps(index, 1, -1), height: height(units, raw) }),
        },
    )
}

fn composition() -> impl Strategy<Value = BodyCompositionMeasurement> {
    let optional = || option::of(any::<u16>());
    let masses = (optional(), optional(), optional(), optional());
    let others = (optional(), optional(), optional(), optional(), optional());
    (units(), raw_result(), option::of(device_time()), option::of(user()), masses, others, any::<bool>()).prop_map(
        |(units, fat, timestamp, user, masses, others, multiple_packet)| {
            let tenths = |raw| steps(raw, 1, -1);
            let mass = |raw| mass(units, raw);
            let fat = fat.map_or(ScaleResult::Unsuccessful, |raw| ScaleResult::Measured(tenths(raw)));
            BodyCompositionMeasurement {
                timestamp,
                user,
                basal_metabolism_kj: others.0,
                muscle_percent: others.1.map(tenths),
                muscle_mass: masses.0.map(mass),
                fat_free_mass: masses.1.map(mass),
                soft_lean_mass: masses.2.map(mass),
                body_water_mass: masses.3.map(mass),
                impedance_ohm: others.2.map(tenths),
                weight: others.3.map(mass),
                height: others.4.map(|raw| height(units, raw)),
                multiple_packet,
                ..BodyCompositionMeasurement::of_body_fat(units, fat)
            }
        },
    )
}

fn date_of_birth() -> impl Strategy<Value = DateOfBirth> {
    device_time().prop_map(|time| DateOfBirth { year: time.year, month: time.month, day: time.day })
}

fn user_request() -> impl Strategy<Value = UserRequest> {
    let consent = || (0..=9999u16).prop_map(|code| ConsentCode::new(code).unwrap());
    prop_oneof![
        consent().prop_map(|consent| UserRequest::RegisterNewUser { consent }),
        (any::<u8>(), consent()).prop_map(|(user_index, consent)| UserRequest::Consent { user_index, consent }),
        Just(UserRequest::ListAllUsers),
    ]
}

fn requested(octets: &[u8]) -> Result<UserRequest, &'static str> {
    match ReceivedUserRequest::decode(octets) {
        Ok(ReceivedUserRequest::Request(request)) => Ok(request),
        Ok(_) => Err("a request that makes a device forget"),
        Err(error) => Err(error.kind()),
    }
}

fn user_reply() -> impl Strategy<Value = UserReply> {
    prop_oneof![
        (prop_oneof![Just(1u8), Just(5)], any::<u8>())
            .prop_map(|(request, user_index)| UserReply { request, outcome: UserOutcome::DoneFor { user_index } }),
        any::<u8>().prop_map(|number| UserReply { request: 4, outcome: UserOutcome::NumberOfUsers(number) }),
        any::<u8>()
            .prop_filter("carries a parameter", |request| ![1, 4, 5].contains(request))
            .prop_map(|request| UserReply { request, outcome: UserOutcome::Done }),
        (any::<u8>(), any::<u8>().prop_filter("success", |code| *code != 1)).prop_map(|(request, code)| UserReply {
            request,
            outcome: UserOutcome::Refused(UserRefusal::from_octet(code))
        }),
    ]
}

codec_laws!(weight_measurement: weight(),
    WeightMeasurement::decode, |measured: &WeightMeasurement| measured.encode().unwrap());
codec_laws!(weight_scale_features: any::<u32>().prop_map(WeightScaleFeatures::from_bits),
    WeightScaleFeatures::decode, |features: &WeightScaleFeatures| features.encode());
codec_laws!(body_composition_measurement: composition(),
    BodyCompositionMeasurement::decode, |measured: &BodyCompositionMeasurement| measured.encode().unwrap());
codec_laws!(body_composition_features: any::<u32>().prop_map(BodyCompositionFeatures::from_bits),
    BodyCompositionFeatures::decode, |features: &BodyCompositionFeatures| features.encode());

codec_laws!(user_weight: any::<u16>().prop_map(|raw| mass(ScaleUnits::Metric, raw)),
    user_data::decode_weight, |weight: &Decimal| user_data::encode_weight(*weight).unwrap());
codec_laws!(user_height: any::<u16>().prop_map(|raw| steps(raw, 1, -2)),
    user_data::decode_height, |height: &Decimal| user_data::encode_height(*height).unwrap());
codec_laws!(user_age: any::<u8>(), user_data::decode_age, |years: &u8| user_data::encode_age(*years));
codec_laws!(user_resting_heart_rate: any::<u8>(),
    user_data::decode_resting_heart_rate, |rate: &u8| user_data::encode_resting_heart_rate(*rate));
codec_laws!(user_gender: any::<u8>().prop_map(Gender::from_octet), Gender::decode, |gender: &Gender| gender.encode());
codec_laws!(user_date_of_birth: date_of_birth(),
    DateOfBirth::decode, |date: &DateOfBirth| date.encode().unwrap());
codec_laws!(user_index: user(), User::decode, |user: &User| user.encode().unwrap());
codec_laws!(database_change_increment: any::<u32>(), user_data::decode_database_change_increment,
    |increment: &u32| user_data::encode_database_change_increment(*increment));

codec_laws!(user_control_request: user_request(), requested, |request: &UserRequest| request.encode());
codec_laws!(user_control_reply: user_reply(), UserReply::decode, |reply: &UserReply| reply.encode().unwrap());

proptest! {
    #[test]
    fn no_packet_is_lost_or_doubled_by_joining(packets in proptest::collection::vec(composition(), 0..12)) {
        let mut join = BodyCompositionJoin::default();
        let mut out = 0;
        for packet in &packets {
            let Joined { alone, whole } = join.take(*packet);
            out += usize::from(alone.is_some());
            out += match whole {
                Some(whole) if whole.multiple_packet => 2,
                Some(_) => 1,
                None => 0,
            };
        }
        prop_assert_eq!(out + usize::from(join.finish().is_some()), packets.len());
    }

    #[test]
    fn a_measurement_cut_in_two_packets_comes_whole_out_of_the_joiner(
        whole in composition(), second_half in any::<[bool; 10]>()
    ) {
        let whole = BodyCompositionMeasurement { multiple_packet: true, ..whole };
        let (mut first, mut second) = (whole, BodyCompositionMeasurement { timestamp: None, ..whole });
        macro_rules! cut {
            ($($field:ident $at:literal),+) => {
                $(if second_half[$at] { first.$field = None } else { second.$field = None })+
            };
        }
        cut!(user 0, basal_metabolism_kj 1, muscle_percent 2, muscle_mass 3, fat_free_mass 4, soft_lean_mass 5,
            body_water_mass 6, impedance_ohm 7, weight 8, height 9);
        let mut join = BodyCompositionJoin::default();
        prop_assert_eq!(join.take(first), Joined::default());
        prop_assert_eq!(join.take(second), Joined { alone: None, whole: Some(whole) });
    }
}
