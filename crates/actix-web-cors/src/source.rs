//! Where the policy for a request comes from. Nothing here decides or writes; a source only says which policy applies.

use std::{
    error::Error,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    task::{Context, Poll, ready},
};

use actix_web::{dev::ServiceRequest, http::header::HeaderName};
use fetch_cors::Policy;
use pin_project_lite::pin_project;

/// Why a source could not say which policy applies. It is logged, never sent to a client.
///
/// Every error becomes one by `?`:
///
/// ```
/// use actix_web_cors::{Policy, SourceError};
///
/// /// The policy of a row of a database, which may hold anything.
/// fn policy_of(row: &str) -> Result<Policy, SourceError> {
///     let (origin, max_age) = row.split_once(' ').ok_or("the row has no max-age")?;
///     let max_age = std::time::Duration::from_secs(max_age.parse()?);
///     Ok(Policy::allow_origin(origin)?.with_max_age(max_age)?)
/// }
///
/// assert!(policy_of("https://app.example 60").is_ok());
/// assert_eq!(policy_of("https://app.example").unwrap_err().to_string(), "the row has no max-age");
/// ```
pub type SourceError = Box<dyn Error + Send + Sync>;

/// Says which policy applies to a request.
///
/// A [`Policy`] is a source that always returns itself, a [`LivePolicy`] one that can be changed while the server runs.
///
/// If a source returns `None`, the request passes through as if the middleware were not there, and the response's `Vary`
/// names what the source [`reads`](Self::reads). If a source fails, nothing is allowed: preflights get a 503, and so do
/// requests that [`reject_disallowed_origins`](crate::Cors::reject_disallowed_origins) would reject; other requests are
/// handled without `Access-Control-*`. Caches must not keep what an origin was refused for that reason, so such a response
/// has `Cache-Control: no-store`.
///
/// ```
/// use actix_web::dev::ServiceRequest;
/// use actix_web_cors::{Lookup, Never, Policy, PolicySource};
///
/// /// Public data for everyone, the rest for the site's own front end.
/// struct ByPath {
///     public: Policy,
///     private: Policy,
/// }
///
/// impl PolicySource for ByPath {
///     type Future = Never;
///
///     fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Never> {
///         Lookup::Found(if request.path().starts_with("/public/") { &self.public } else { &self.private })
///     }
/// }
/// ```
///
/// One that has to wait returns a future; [`BoxedLookup`] is the type for an async block:
///
/// ```
/// use actix_web::{dev::ServiceRequest, http::header::HeaderName};
/// use actix_web_cors::{BoxedLookup, Lookup, Policy, PolicySource, SourceError};
///
/// /// The policy of a customer, from the database; `None` if there is no such customer.
/// async fn policy_of(customer: &str) -> Result<Option<Policy>, SourceError> {
///     Ok(if customer == "acme" { Some(Policy::allow_origin("https://acme.example")?) } else { None })
/// }
///
/// /// The customer is named in a header that the proxy sets.
/// struct ByCustomer;
///
/// impl PolicySource for ByCustomer {
///     type Future = BoxedLookup;
///
///     fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, BoxedLookup> {
///         let Some(Ok(customer)) = request.headers().get("x-customer").map(|value| value.to_str()) else {
///             return Lookup::Failed("the proxy named no customer".into());
///         };
///         let customer = customer.to_owned();
///         Lookup::Later(Box::pin(async move { policy_of(&customer).await }))
///     }
///
///     fn reads(&self) -> Vec<HeaderName> {
///         vec![HeaderName::from_static("x-customer")]
///     }
///
///     fn keeps(&self) -> usize {
///         200
///     }
/// }
/// ```
///
/// A `Box` or an `Arc` of a source is one, too; to choose one of several kinds when the server starts, see
/// [`Cors::boxed`](crate::Cors::boxed).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a CORS policy, nor a source of policies",
    label = "`Cors::new` takes a `Policy`, a `LivePolicy` or your own `PolicySource`",
    note = "a closure that chooses a policy goes to `Cors::per_request` or `Cors::per_request_async`",
    note = "a `PolicyBuilder` becomes a policy by `.build()?`",
    note = "a `Result` is opened by `?`: `Cors::new(Policy::allow_origin(\"https://app.example.com\")?)`"
)]
pub trait PolicySource: 'static {
    /// The future of a lookup that takes time. It is polled only if [`Lookup::Later`] holds it.
    type Future: Future<Output = Result<Option<Policy>, SourceError>> + 'static;

    /// Looks the policy up. Take what the future needs from the request before it starts: the request itself goes on to
    /// the handler.
    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Self::Future>;

    /// The policy, if it is the same for every request: it is then prepared when the server starts, and
    /// [`lookup`](Self::lookup) is never called. `always` itself is called once per worker.
    ///
    /// ```
    /// use actix_web::dev::ServiceRequest;
    /// use actix_web_cors::{Lookup, Never, Policy, PolicySource};
    ///
    /// /// A policy, and the file that it was read from.
    /// struct FromFile {
    ///     policy: Policy,
    ///     path: String,
    /// }
    ///
    /// impl PolicySource for FromFile {
    ///     type Future = Never;
    ///
    ///     fn lookup(&self, _: &ServiceRequest) -> Lookup<'_, Never> {
    ///         Lookup::Found(&self.policy)
    ///     }
    ///
    ///     fn always(&self) -> Option<&Policy> {
    ///         Some(&self.policy)
    ///     }
    /// }
    /// ```
    fn always(&self) -> Option<&Policy> {
        None
    }

    /// The request headers that the choice depends on, for the response's `Vary`. Called once per worker.
    fn reads(&self) -> Vec<HeaderName> {
        Vec::new()
    }

    /// How many policies each worker keeps prepared: the most recently used ones, at least one. If more than that take
    /// turns, they are prepared again for each request. Called once per worker.
    fn keeps(&self) -> usize {
        16
    }
}

/// What a source returns for a request; the examples of [`PolicySource`] return each kind.
#[derive(Debug)]
#[non_exhaustive]
pub enum Lookup<'a, F> {
    /// This policy. The cheapest variant: the middleware recognises a policy that it has seen before.
    Found(&'a Policy),
    /// This policy, or none.
    Ready(Option<Policy>),
    /// The source failed, and this is why.
    Failed(SourceError),
    /// What this future resolves to.
    Later(F),
}

/// The future of sources that never return [`Lookup::Later`], such as the first example of [`PolicySource`]. There is no value
/// of it, so the compiler leaves out all that would wait for one.
#[derive(Clone, Copy, Debug)]
pub enum Never {}

impl Future for Never {
    type Output = Result<Option<Policy>, SourceError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match *self {}
    }
}

impl PolicySource for Policy {
    type Future = Never;

    #[inline]
    fn lookup(&self, _: &ServiceRequest) -> Lookup<'_, Never> {
        Lookup::Found(self)
    }

    fn always(&self) -> Option<&Policy> {
        Some(self)
    }
}

/// The future of a [`BoxedSource`], and of sources of your own whose future is an async block, such as the second example of
/// [`PolicySource`].
pub type BoxedLookup = Pin<Box<dyn Future<Output = Result<Option<Policy>, SourceError>>>>;

/// A source of any kind; made by [`Cors::boxed`](crate::Cors::boxed), which has an example.
pub type BoxedSource = Box<dyn PolicySource<Future = BoxedLookup> + Send + Sync>;

/// What a pointer does, the source behind it does.
macro_rules! by_reference {
    ($pointer:ident) => {
        impl<S: PolicySource + ?Sized> PolicySource for $pointer<S> {
            type Future = S::Future;

            fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, S::Future> {
                (**self).lookup(request)
            }

            fn always(&self) -> Option<&Policy> {
                (**self).always()
            }

            fn reads(&self) -> Vec<HeaderName> {
                (**self).reads()
            }

            fn keeps(&self) -> usize {
                (**self).keeps()
            }
        }
    };
}

by_reference!(Box);
by_reference!(Arc);

/// A source whose future is boxed.
pub(crate) struct WithBoxedFuture<S>(pub(crate) S);

impl<S: PolicySource> PolicySource for WithBoxedFuture<S> {
    type Future = BoxedLookup;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, BoxedLookup> {
        match self.0.lookup(request) {
            Lookup::Found(policy) => Lookup::Found(policy),
            Lookup::Ready(found) => Lookup::Ready(found),
            Lookup::Failed(error) => Lookup::Failed(error),
            Lookup::Later(lookup) => Lookup::Later(Box::pin(lookup)),
        }
    }

    fn always(&self) -> Option<&Policy> {
        self.0.always()
    }

    fn reads(&self) -> Vec<HeaderName> {
        self.0.reads()
    }

    fn keeps(&self) -> usize {
        self.0.keeps()
    }
}

/// A policy that can be replaced while the server runs.
///
/// Clones share it: keep one, and give the others to the workers. Every request after [`replace`](Self::replace) gets the
/// new policy, on every worker, and no response mixes two policies. Browsers use a cached preflight response until its
/// max-age is over; a cached `*` is renewed by every later preflight that it covers.
///
/// ```
/// use actix_web::App;
/// use actix_web_cors::{Cors, LivePolicy, Policy};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let live = LivePolicy::new(Policy::deny_all());
///     let app = App::new().wrap(Cors::new(live.clone()));
///
///     live.replace(Policy::allow_origin("https://abc.com")?);
///     assert!(live.current().allows(&"https://abc.com".parse()?));
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct LivePolicy {
    current: Arc<RwLock<Policy>>,
}

/// With the policy in force.
impl fmt::Debug for LivePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LivePolicy").field(&self.current()).finish()
    }
}

impl LivePolicy {
    /// Starts with this policy.
    pub fn new(policy: Policy) -> Self {
        Self { current: Arc::new(RwLock::new(policy)) }
    }

    /// Puts another policy in force.
    pub fn replace(&self, policy: Policy) {
        // A policy is replaced whole, so a lock that somebody panicked under holds a good one. The old one is dropped when
        // nobody waits for the lock any more.
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = mem::replace(&mut *current, policy);
        drop(current);
        drop(old);
    }

    /// The policy in force.
    pub fn current(&self) -> Policy {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl PolicySource for LivePolicy {
    type Future = Never;

    #[inline]
    fn lookup(&self, _: &ServiceRequest) -> Lookup<'_, Never> {
        Lookup::Ready(Some(self.current()))
    }

    /// A policy that was replaced is let go with the next request.
    fn keeps(&self) -> usize {
        1
    }
}

/// What a closure given to [`Cors::per_request`](crate::Cors::per_request) may return: a [`Policy`], an [`Option`] of one,
/// or a [`Result`] of either.
///
/// ```
/// use actix_web_cors::{IntoPolicy, InvalidPolicy, Policy};
///
/// assert!(Policy::any_origin().into_policy().is_ok());
/// assert_eq!(None::<Policy>.into_policy().unwrap(), None);
/// let invalid: Result<Policy, InvalidPolicy> = Policy::allow_origin("app.example.com");
/// assert!(invalid.into_policy().is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a CORS policy",
    label = "the closure returns a `Policy`, an `Option` of one, or a `Result` of either",
    note = "a `PolicyBuilder` becomes a policy by `.build()`"
)]
pub trait IntoPolicy {
    /// The policy, or `None`.
    ///
    /// # Errors
    ///
    /// If the closure failed.
    fn into_policy(self) -> Result<Option<Policy>, SourceError>;
}

impl IntoPolicy for Policy {
    fn into_policy(self) -> Result<Option<Policy>, SourceError> {
        Ok(Some(self))
    }
}

impl IntoPolicy for Option<Policy> {
    fn into_policy(self) -> Result<Option<Policy>, SourceError> {
        Ok(self)
    }
}

impl<T: IntoPolicy, E: Into<SourceError>> IntoPolicy for Result<T, E> {
    fn into_policy(self) -> Result<Option<Policy>, SourceError> {
        self.map_err(Into::into).and_then(T::into_policy)
    }
}

/// A closure that returns the policy for a request; made by [`Cors::per_request`](crate::Cors::per_request), which has an
/// example.
#[derive(Clone)]
pub struct PerRequest<F> {
    pub(crate) choose: F,
}

impl<F, R> PolicySource for PerRequest<F>
where
    F: Fn(&ServiceRequest) -> R + 'static,
    R: IntoPolicy,
{
    type Future = Never;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Never> {
        match (self.choose)(request).into_policy() {
            Ok(policy) => Lookup::Ready(policy),
            Err(error) => Lookup::Failed(error),
        }
    }
}

/// A closure whose future resolves to the policy for a request; made by
/// [`Cors::per_request_async`](crate::Cors::per_request_async), which has an example.
#[derive(Clone)]
pub struct PerRequestAsync<F> {
    pub(crate) choose: F,
}

impl<F, Fut> PolicySource for PerRequestAsync<F>
where
    F: Fn(&ServiceRequest) -> Fut + 'static,
    Fut: Future + 'static,
    Fut::Output: IntoPolicy,
{
    type Future = Choosing<Fut>;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Choosing<Fut>> {
        Lookup::Later(Choosing { future: (self.choose)(request) })
    }
}

impl<F> fmt::Debug for PerRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerRequest").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for PerRequestAsync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerRequestAsync").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of a [`PerRequestAsync`], made by [`Cors::per_request_async`](crate::Cors::per_request_async).
    #[derive(Debug)]
    pub struct Choosing<F> {
        #[pin]
        future: F,
    }
}

impl<F> Future for Choosing<F>
where
    F: Future,
    F::Output: IntoPolicy,
{
    type Output = Result<Option<Policy>, SourceError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(self.project().future.poll(cx)).into_policy())
    }
}

/// This compiles; with anything else in the place of the policy it doesn't, for want of [`PolicySource`].
///
/// ```
/// use actix_web_cors::{Cors, Policy};
///
/// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
///     let _ = Cors::new(Policy::builder().build()?);
///     Ok(())
/// }
/// ```
///
/// ```compile_fail,E0277
/// use actix_web_cors::{Cors, Policy};
/// let _ = Cors::new(Policy::builder());
/// ```
///
/// ```compile_fail,E0277
/// use actix_web_cors::{Cors, Policy};
/// let _ = Cors::new(Policy::builder().build());
/// ```
///
/// ```compile_fail,E0277
/// use actix_web_cors::{Cors, Policy};
/// let _ = Cors::new(|_: &actix_web::dev::ServiceRequest| Policy::deny_all());
/// ```
#[cfg(doctest)]
struct NoSource;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_policy_shows_the_policy_in_force() {
        let live = LivePolicy::new(Policy::deny_all());
        let policy = Policy::allow_origin("https://app.example.com").unwrap();
        live.replace(policy.clone());
        assert_eq!(format!("{live:?}"), format!("LivePolicy({policy:?})"));
    }

    /// Nothing of ours panics while it holds the lock. Should it happen nevertheless, the policy is still one that was put in
    /// force, whole, and can be replaced: a server without CORS would be worse.
    #[test]
    fn a_live_policy_outlives_a_panic_under_its_lock() {
        let app: fetch_cors::Origin = "https://app.example.com".parse().unwrap();
        let live = LivePolicy::new(Policy::allow_origin("https://app.example.com").unwrap());
        let panicked = std::thread::spawn({
            let live = live.clone();
            move || {
                let _held = live.current.write();
                panic!("under the lock, as it is meant to");
            }
        });
        assert!(panicked.join().is_err());
        assert!(live.current.is_poisoned(), "the case is there");
        assert!(live.current().allows(&app), "the one before");
        live.replace(Policy::deny_all());
        assert!(!live.current().allows(&app), "the one after");
    }
}
