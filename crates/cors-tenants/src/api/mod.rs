//! What the service responds with, from the middleware that finds the tenant to the routes.
//!
//! | path | who uses it | guard |
//! |---|---|---|
//! | `/t/TENANT/api/…` | the tenant's front ends | its policy: the only routes that another origin may use |
//! | `/t/TENANT/manage/…` | the tenant's own people | no policy; same-origin, a session that manages, a token against CSRF |
//! | `/tenants` | everybody | no policy; same-origin |
//! | `/`, `/t/TENANT/`, `/assets/…`, `/health` | everybody | there is nothing secret |
//!
//! What keeps a tenant's data from others is that a session belongs to one tenant, and so does a policy: whatever origins a
//! tenant registers, it lets their pages read what is its own. So nobody has to prove that an origin is theirs.

use std::sync::Arc;

use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::{DefaultHeaders, Next, from_fn},
    web::{self, Data, QueryConfig},
};
use actix_web_cors::Cors;

use crate::{instance::Instance, pages, site::Site};

mod attempts;
mod audit;
mod body;
mod error;
mod guard;
mod health;
mod notes;
mod origins;
mod place;
pub mod policies;
mod session;
mod sign_in;
mod tenants;

use attempts::Attempts;
use error::ApiError;
pub(crate) use place::Tenant;

/// The most attempts to sign in to one account in a minute, with one instance.
const MAX_SIGN_INS: u32 = 10;
/// The most tenants that are made in a minute, with one instance.
const MAX_NEW_TENANTS: u32 = 30;

/// What all requests of an instance share.
#[derive(Clone, Debug)]
pub struct Service(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    instance: Instance,
    site: Site,
    sign_ins: Attempts,
    new_tenants: Attempts,
}

impl Service {
    /// What an instance responds with, at an address.
    pub fn new(instance: Instance, site: Site) -> Self {
        Self(Arc::new(Shared {
            instance,
            site,
            sign_ins: Attempts::new(MAX_SIGN_INS),
            new_tenants: Attempts::new(MAX_NEW_TENANTS),
        }))
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.0.instance
    }

    fn site(&self) -> &Site {
        &self.0.site
    }
}

/// The application.
pub fn app(
    service: Service,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let policies = policies::TenantPolicies::new(service.instance().clone());
    // Responses to those who are not allowed are not sent, so that a revocation is in force for requests without a preflight,
    // and for browsers that remember one.
    let cors = Cors::new(policies).reject_disallowed_origins();
    App::new()
        .app_data(Data::new(service))
        .app_data(
            QueryConfig::default().error_handler(|error, _| ApiError::bad_request(error.to_string()).into()),
        )
        .service(web::resource("/health").get(health::show).route(web::head().to(health::show)))
        .configure(pages::routes)
        .service(
            web::resource("/tenants")
                .wrap(from_fn(guard::same_origin))
                .route(web::post().to(tenants::create)),
        )
        .service(
            web::scope("/t/{tenant}")
                // Not even a cache of the browser's own may use it without asking.
                .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "private, no-cache")))
                .service(
                    web::scope("/api").wrap(cors).configure(notes::routes).configure(sign_in::token_routes),
                )
                .service(
                    web::scope("/manage")
                        .wrap(from_fn(guard::same_origin))
                        .configure(sign_in::session_routes)
                        .configure(origins::routes)
                        .configure(audit::routes)
                        .configure(tenants::routes),
                )
                .configure(pages::tenant_routes),
        )
        .default_service(web::to(|| async { Err::<HttpResponse, _>(ApiError::not_found()) }))
        .wrap(from_fn(place::find))
        .wrap(from_fn(add_headers))
}

/// Headers of every response.
async fn add_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // Pages of other origins may read what the policy lets them; they include nothing as an image or a script.
    headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}
