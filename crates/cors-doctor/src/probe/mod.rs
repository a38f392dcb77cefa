//! From what was pasted to what a browser sends, and from what was recorded to a case. No I/O: the caller sends.

mod failure;
mod needles;
mod recorded;
mod replay;
mod secrets;

use fetch_cors::browser::{PageOrigin, Request};

use crate::paste::PastedRequest;

pub use failure::no_response;
pub use recorded::case_of;
pub use replay::{Replayed, in_engines, replay};
pub use secrets::{Secrets, is_secret_name};

impl PastedRequest {
    /// The request, as the script of a page of this origin makes it.
    ///
    /// ```
    /// use cors_doctor::paste::PastedRequest;
    /// use fetch_cors::browser::PageOrigin;
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let request = PastedRequest::new("PUT", "https://api.example/").to_request(page);
    /// assert_eq!(request.method(), "PUT");
    /// ```
    pub fn to_request(&self, page: PageOrigin) -> Request {
        let request = Request::new(page, self.method.as_str(), self.url.as_str())
            .mode(self.mode)
            .credentials(self.credentials)
            .redirect(self.redirect);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        match &self.body {
            Some(body) => request.body(body.content_type.as_deref()),
            None => request,
        }
    }
}
