//! The source of the policies: the instance's replica.

use std::{future::Future, pin::Pin};

use actix_web::dev::ServiceRequest;
use actix_web_cors::{Lookup, Policy, PolicySource, SourceError};

use crate::{instance::Instance, names::TenantName, replica::Looked};

/// The policy of the tenant that the path names.
#[derive(Debug)]
pub struct TenantPolicies(Instance);

impl TenantPolicies {
    /// With what this instance knows.
    pub fn new(instance: Instance) -> Self {
        Self(instance)
    }
}

impl PolicySource for TenantPolicies {
    type Future = Pin<Box<dyn Future<Output = Result<Option<Policy>, SourceError>>>>;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Self::Future> {
        let tenant = request.match_info().get("tenant").and_then(|name| name.parse::<TenantName>().ok());
        let Some(tenant) = tenant else { return Lookup::Ready(None) };
        match self.0.lookup(&tenant) {
            Looked::Policy(policy) => Lookup::Ready(Some(policy)),
            // The handler says that there is no such tenant.
            Looked::Unknown => Lookup::Ready(None),
            Looked::Failed(failed) => Lookup::Failed(failed.into()),
            Looked::Load => {
                let instance = self.0.clone();
                Lookup::Later(Box::pin(async move { Ok(instance.policy(&tenant).await?) }))
            }
        }
    }

    /// Most requests are for few of the tenants.
    fn keeps(&self) -> usize {
        64
    }
}
