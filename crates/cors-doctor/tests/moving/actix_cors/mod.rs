//! `docs/from-actix-cors.md`.

pub(crate) mod checklist;
mod differences;
mod options;
pub(crate) mod refused;
mod set_ups;
mod uses;

use crate::document::{self, Regions};

/// Every method of `actix_cors::Cors`, with the feature that is not enabled here.
const THEIRS: [&str; 19] = [
    "default",
    "permissive",
    "allow_any_origin",
    "allowed_origin",
    "allowed_origin_fn",
    "allow_any_method",
    "allowed_methods",
    "allow_any_header",
    "allowed_header",
    "allowed_headers",
    "expose_any_header",
    "expose_headers",
    "max_age",
    "send_wildcard",
    "supports_credentials",
    "allow_private_network_access",
    "disable_vary_header",
    "disable_preflight",
    "block_on_origin_mismatch",
];

pub(crate) async fn guide() {
    let mut regions = Regions::new();
    regions.extend(differences::regions().await);
    regions.extend(set_ups::regions().await);
    regions.extend(uses::regions().await);
    regions.extend(options::regions().await);
    regions.extend(refused::regions());
    regions.extend(checklist::regions());
    regions.insert("versions".to_owned(), document::measured("actix-cors", document::locked("actix-cors")));
    document::check("from-actix-cors.md", regions, &THEIRS);
}
