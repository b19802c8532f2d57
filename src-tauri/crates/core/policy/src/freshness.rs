//! The freshness limits of a policy: each may be tighter than the built-in one, none looser.
//! What the states mean is decided in `vitals`.
use crate::PolicyFault;
use crate::json::Object;
use alloc::format;
use alloc::vec::Vec;
use bedside_vitals::{FreshnessLimits, FreshnessRule};
use core::time::Duration;

/// The rule with what the policy tightens.
pub(crate) fn read(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> FreshnessRule {
    let built_in = FreshnessRule::default();
    let Some(object) = root.object("freshness", &["streaming", "spot"], faults) else { return built_in };
    FreshnessRule {
        streaming: limits(&object, "streaming", &["live_s", "recent_s", "stale_s"], built_in.streaming, faults),
        // A spot value is never live, so there is no limit to set.
        spot: limits(&object, "spot", &["recent_s", "stale_s"], built_in.spot, faults),
    }
}

fn limits(
    parent: &Object<'_>,
    name: &str,
    known: &[&str],
    built_in: FreshnessLimits,
    faults: &mut Vec<PolicyFault>,
) -> FreshnessLimits {
    let Some(object) = parent.object(name, known, faults) else { return built_in };
    let live = seconds(&object, "live_s", built_in.live, faults);
    let recent = seconds(&object, "recent_s", built_in.recent, faults);
    let stale = seconds(&object, "stale_s", built_in.stale, faults);
    for (shorter, longer, earlier, later) in
        [(live, recent, "live_s", "recent_s"), (recent, stale, "recent_s", "stale_s")]
    {
        if longer < shorter {
            let expected = format!("at least {earlier}, which is {} s (set both)", shorter.as_secs());
            let got = format!("{} s", longer.as_secs());
            faults.push(PolicyFault::new(&object.path_of(later), expected, &got));
        }
    }
    FreshnessLimits { live, recent, stale }
}

fn seconds(object: &Object<'_>, name: &str, built_in: Duration, faults: &mut Vec<PolicyFault>) -> Duration {
    let Some(member) = object.member(name) else { return built_in };
    let most = built_in.as_secs();
    let Some(seconds) = member.whole_number(1, most) else {
        // An unknown member (`live_s` of spot values) has its fault already.
        if most > 0 {
            faults.push(member.fault(format!("whole seconds from 1 to {most}: a policy may tighten, not loosen")));
        }
        return built_in;
    };
    Duration::from_secs(seconds)
}
