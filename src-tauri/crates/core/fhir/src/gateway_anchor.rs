//! What the clinic's server remembers of this console's record, to tell an older copy of it: an extension of the gateway's
//! Device, without health data. Not here: what an anchor is and whether the record agrees with it (the vault's).
//!
//! ```text
//! urn:bedside:record-anchor
//!   vault           valueString    whose record
//!   generation      valueString    its last commit, in digits: FHIR's whole numbers end at 2^31
//!   audit-place     valueString    the last entry of its audit log, in digits
//!   audit-head      valueString    that entry's hash, 64 hex digits
//!   public-key      valueString    the Ed25519 key of the log's checkpoints, 64 hex digits
//!   at              valueDateTime  when it was like this
//! ```
use crate::datatypes::Extension;
use crate::device::gateway;
use crate::filing::{FilingContext, NotFilable, instant};
use crate::not_fhir::NotFhir;
use crate::resources::{Bundle, Device};
use bedside_vitals::WallTime;
use uuid::Uuid;

const ANCHOR: &str = "urn:bedside:record-anchor";

/// An anchor as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayAnchor {
    /// Whose record.
    pub vault: Uuid,
    /// Its last commit.
    pub generation: u64,
    /// The last entry of its audit log; 0 = none.
    pub audit_place: u64,
    /// That entry's hash.
    pub audit_head: [u8; 32],
    /// When.
    pub at: WallTime,
    /// The key that verifies the log's checkpoints.
    pub public_key: [u8; 32],
}

/// What a server has under the gateway's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAnchor {
    /// No gateway, or one without an anchor.
    None,
    /// The anchor.
    Known(GatewayAnchor),
    /// Something in its place that this program never wrote.
    Malformed,
}

/// This console with what its record holds now.
pub fn anchored_gateway(context: &FilingContext, version: &str, anchor: &GatewayAnchor) -> Result<Device, NotFilable> {
    let GatewayAnchor { vault, generation, audit_place, audit_head, at, public_key } = anchor;
    let parts = vec![
        // Not as a URI: servers take those in a batch for references.
        Extension::text("vault", vault.to_string()),
        Extension::text("generation", generation.to_string()),
        Extension::text("audit-place", audit_place.to_string()),
        Extension::text("audit-head", hex(audit_head)),
        Extension::text("public-key", hex(public_key)),
        Extension { value_date_time: Some(instant(*at)?), ..Extension::new("at") },
    ];
    let anchor = Extension { extension: parts, ..Extension::new(ANCHOR) };
    Ok(Device { extension: vec![anchor], ..gateway(context, version) })
}

/// What the server's answer to a search for the gateway says of the record.
///
/// # Errors
/// Where it is no searchset.
pub fn parse_gateway_anchor(body: &str, gateway: Uuid) -> Result<ServerAnchor, NotFhir> {
    const EXPECTED: &str = "searchset";
    let bundle: Bundle = serde_json::from_str(body).map_err(|error| NotFhir::shape("Bundle", &error))?;
    if bundle.r#type != EXPECTED {
        return Err(NotFhir::BundleType { expected: EXPECTED });
    }
    // Whatever else a server sends beside what was asked for is left aside.
    let mut found = bundle.entry.into_iter().filter_map(|entry| entry.resource).filter(|resource| {
        let is = |key: &str, value: &str| resource.get(key).and_then(|found| found.as_str()) == Some(value);
        is("resourceType", "Device") && is("id", &gateway.to_string())
    });
    let Some(device) = found.next() else { return Ok(ServerAnchor::None) };
    let device: Device = serde_json::from_value(device).map_err(|error| NotFhir::shape("Device", &error))?;
    let Some(anchor) = device.extension.iter().find(|one| one.url == ANCHOR) else { return Ok(ServerAnchor::None) };
    Ok(read(anchor).map_or(ServerAnchor::Malformed, ServerAnchor::Known))
}

fn read(anchor: &Extension) -> Option<GatewayAnchor> {
    let part = |url: &str| anchor.extension.iter().find(|part| part.url == url);
    let said = |url: &str| part(url)?.value_string.as_deref();
    Some(GatewayAnchor {
        vault: Uuid::parse_str(said("vault")?).ok()?,
        generation: said("generation")?.parse().ok()?,
        audit_place: said("audit-place")?.parse().ok()?,
        audit_head: of_hex(said("audit-head")?)?,
        at: WallTime(part("at")?.value_date_time.as_deref()?.parse::<jiff::Timestamp>().ok()?.as_millisecond()),
        public_key: of_hex(said("public-key")?)?,
    })
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn of_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|n| n as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let octets: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    octets.try_into().ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filing::Resource;

    const GATEWAY: Uuid = Uuid::from_u128(0x1234);

    fn anchor() -> GatewayAnchor {
        GatewayAnchor {
            vault: Uuid::from_u128(7),
            generation: u64::MAX,
            audit_place: 34,
            audit_head: std::array::from_fn(|i| i as u8 * 7),
            at: WallTime(1_773_842_400_123),
            public_key: [0xa5; 32],
        }
    }

    fn stored() -> String {
        let context = FilingContext { record_number_system: "urn:x".into(), gateway: GATEWAY, test_data: true };
        anchored_gateway(&context, "1.2.3", &anchor()).unwrap().document().unwrap().json
    }

    fn searchset(resources: &[String]) -> String {
        let entries = resources.iter().map(|json| format!(r#"{{"resource":{json}}}"#)).collect::<Vec<_>>().join(",");
        format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{entries}]}}"#)
    }

    #[test]
    fn an_anchor_comes_back_from_the_server_as_it_was_put() {
        let other = stored().replace(&GATEWAY.to_string(), &Uuid::from_u128(9).to_string()).replace("34", "35");
        let found = parse_gateway_anchor(&searchset(&[other, stored()]), GATEWAY).unwrap();
        assert_eq!(found, ServerAnchor::Known(anchor()));
    }

    #[test]
    fn a_server_without_the_gateway_or_a_gateway_without_anchor_knows_nothing() {
        assert_eq!(parse_gateway_anchor(&searchset(&[]), GATEWAY), Ok(ServerAnchor::None));
        let plain = format!(r#"{{"resourceType":"Device","id":"{GATEWAY}"}}"#);
        assert_eq!(parse_gateway_anchor(&searchset(&[plain]), GATEWAY), Ok(ServerAnchor::None));
    }

    #[test]
    fn what_was_never_written_so_is_malformed_and_what_is_no_searchset_is_none() {
        for (ours, others) in [("\"34\"", "\"many\""), ("000000000007", "x"), ("a5a5", "zzzz"), ("2026-", "-")] {
            let altered = stored().replacen(ours, others, 1);
            assert_ne!(altered, stored());
            let found = parse_gateway_anchor(&searchset(&[altered]), GATEWAY);
            assert_eq!(found, Ok(ServerAnchor::Malformed), "{others}");
        }
        assert!(parse_gateway_anchor("<html>", GATEWAY).is_err());
        assert!(parse_gateway_anchor(r#"{"resourceType":"Bundle","type":"batch"}"#, GATEWAY).is_err());
    }
}
