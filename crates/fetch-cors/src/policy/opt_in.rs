//! Which origins a policy allows only by an opt-in, because someone could read responses of whom its author may not think.

use super::{
    host,
    pattern::{self, FILE, Pattern},
    problem::{Fact, Fault, ProblemKind},
};
use crate::origin_set::wildcard::{HostWildcard, InLabel, Subnet, Wildcard};

/// Why an entry needs an opt-in, that is, a place in `danger_allow_origins`; none if it needs none. `*` with credentials is not
/// among these: browsers reject it.
pub(super) fn opt_in(pattern: Pattern<'_>, credentials: bool) -> Option<Fault> {
    match pattern {
        Pattern::Wildcard(Wildcard::Extension(_)) => return Some(ProblemKind::AnyExtension.into()),
        _ if !credentials => return None,
        Pattern::Exact(FILE) => return Some(ProblemKind::LocalFilesWithCredentials.into()),
        Pattern::Wildcard(Wildcard::Subnet(subnet)) if !is_loopback(subnet) => {
            return Some(ProblemKind::PrivateAddressesWithCredentials.into());
        }
        _ => {}
    }
    if is_insecure(pattern) {
        let text = pattern.to_string();
        // A port other than the default belongs to one server, which may not speak TLS.
        let rest = text.strip_prefix("http://").filter(|rest| host::without_port(rest) == *rest);
        let suggestion = rest.map(|rest| format!("https://{rest}"));
        return Some(Fault::with_suggestion(ProblemKind::InsecureOriginWithCredentials, suggestion));
    }
    pattern::public_suffix(pattern).map(|suffix| Fault {
        fact: Some(Fact::UnderPublicSuffix(suffix)),
        ..ProblemKind::PublicSuffixWithCredentials.into()
    })
}

/// Whether an origin that the pattern matches is sent in plain text over a network.
fn is_insecure(pattern: Pattern<'_>) -> bool {
    let host = match pattern {
        Pattern::Any | Pattern::Wildcard(Wildcard::Extension(_)) => None,
        Pattern::Exact(origin) => origin.strip_prefix("http://").map(host::without_port),
        Pattern::Wildcard(
            Wildcard::Host(HostWildcard { secure, host, .. })
            | Wildcard::InLabel(InLabel { secure, parent: host, .. }),
        ) => (!secure).then_some(host),
        Pattern::Wildcard(Wildcard::Subnet(subnet)) => return !subnet.secure && !is_loopback(subnet),
    };
    host.is_some_and(|host| !host::is_loopback(host))
}

/// Whether the addresses are the user's own machine.
pub(super) fn is_loopback(subnet: Subnet) -> bool {
    subnet.octets[0] == 127
}
