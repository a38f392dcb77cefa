//! `docs/from-actix-cors.md`.

mod differences;
mod options;
mod refused;
mod set_ups;

use crate::document::{self, Regions};

#[actix_web::test]
async fn the_guide_says_what_both_libraries_do() {
    let mut regions = Regions::new();
    regions.extend(differences::regions().await);
    regions.extend(set_ups::regions().await);
    regions.extend(options::regions().await);
    regions.extend(refused::regions());
    document::check("from-actix-cors.md", regions);
}
