//! A server with a fault, a page's request to it, and what the doctor has to say.

use std::{
    net::{TcpListener, TcpStream},
    thread,
};

use crate::http::{Handler, Server, Told};

/// Where a server and the page are.
pub(crate) struct Site {
    /// The page's origin.
    pub(crate) page: String,
    /// The server's port.
    pub(crate) port: u16,
}

/// What listens.
pub(crate) enum Serves {
    Http(Handler),
    /// What a connection gets, where it is not plain HTTP.
    Raw(Box<dyn Fn(TcpStream) + Send>),
    Nothing,
}

impl From<Handler> for Serves {
    fn from(handler: Handler) -> Self {
        Self::Http(handler)
    }
}

/// A request of a page's script.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) method: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) mode: Option<&'static str>,
    pub(crate) redirect: Option<&'static str>,
    pub(crate) includes_credentials: bool,
    pub(crate) body: Option<String>,
}

/// What the doctor has to say.
pub(crate) struct Expected {
    pub(crate) verdict: &'static str,
    pub(crate) cause: &'static str,
    pub(crate) is_certain: bool,
    pub(crate) remedy: &'static str,
    /// What its words contain.
    pub(crate) says: Vec<&'static str>,
}

/// A server with a fault, or with none.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// The cause, as who built the server knows it.
    pub(crate) truth: &'static str,
    /// Where `{}` stands for the server's port.
    pub(crate) url: &'static str,
    /// None: the one that the test's page has.
    pub(crate) origin: Option<&'static str>,
    pub(crate) request: Wish,
    /// More arguments for the doctor.
    pub(crate) options: Vec<&'static str>,
    pub(crate) expected: Expected,
    /// Why a page in a browser doesn't try it.
    pub(crate) not_in_browsers: Option<&'static str>,
    serve: Box<dyn Fn(&Site) -> Serves + Send + Sync>,
}

/// A server with this fault, which is the truth, and a page that requests it by `GET`.
pub(crate) fn fault<S: Into<Serves>>(
    name: &'static str,
    truth: &'static str,
    serve: impl Fn(&Site) -> S + Send + Sync + 'static,
) -> Fault {
    Fault {
        name,
        truth,
        url: "http://127.0.0.1:{}/api/orders/7",
        origin: None,
        request: Wish {
            method: "GET",
            headers: Vec::new(),
            mode: None,
            redirect: None,
            includes_credentials: false,
            body: None,
        },
        options: Vec::new(),
        expected: Expected {
            verdict: "blocked",
            cause: truth,
            is_certain: true,
            remedy: "nothing",
            says: Vec::new(),
        },
        not_in_browsers: None,
        serve: Box::new(move |site| serve(site).into()),
    }
}

impl Fault {
    pub(crate) fn url(mut self, url: &'static str) -> Self {
        self.url = url;
        self
    }

    pub(crate) fn origin(mut self, origin: &'static str) -> Self {
        self.origin = Some(origin);
        self.not_in_browsers("its page has another origin")
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.request.method = method;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.request.headers.push((name, value));
        self
    }

    pub(crate) fn mode(mut self, mode: &'static str) -> Self {
        self.request.mode = Some(mode);
        self
    }

    pub(crate) fn redirect(mut self, redirect: &'static str) -> Self {
        self.request.redirect = Some(redirect);
        self
    }

    pub(crate) fn credentials(mut self) -> Self {
        self.request.includes_credentials = true;
        self
    }

    pub(crate) fn body(mut self, length: usize) -> Self {
        self.request.body = Some("x".repeat(length));
        self
    }

    pub(crate) fn option(mut self, option: &'static str) -> Self {
        self.options.push(option);
        self
    }

    /// The request itself is sent, whatever its method.
    pub(crate) fn sent(self) -> Self {
        self.option("--send")
    }

    pub(crate) fn not_in_browsers(mut self, why: &'static str) -> Self {
        self.not_in_browsers = Some(why);
        self
    }

    pub(crate) fn verdict(mut self, verdict: &'static str) -> Self {
        self.expected.verdict = verdict;
        self
    }

    /// The truth, for certain, with this remedy.
    pub(crate) fn certain(mut self, remedy: &'static str) -> Self {
        self.expected.remedy = remedy;
        self
    }

    /// This cause, or the truth, if they differ; and it isn't sure.
    pub(crate) fn likely(mut self, cause: &'static str, remedy: &'static str) -> Self {
        self.expected.cause = cause;
        self.expected.remedy = remedy;
        self.expected.is_certain = false;
        self
    }

    /// Its words contain this.
    pub(crate) fn says(mut self, words: &'static str) -> Self {
        self.expected.says.push(words);
        self
    }

    /// Starts the server for a page of this origin.
    pub(crate) fn start(&self, page: &str) -> Running {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let site = Site { page: self.origin.unwrap_or(page).to_owned(), port };
        let server = match (self.serve)(&site) {
            Serves::Http(handler) => Some(Server::start(listener, handler)),
            Serves::Raw(serve) => {
                // It ends with the test, because nothing else connects to it.
                thread::spawn(move || listener.incoming().flatten().for_each(serve));
                None
            }
            Serves::Nothing => None,
        };
        Running { url: self.url.replace("{}", &port.to_string()), page: site.page, server }
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) page: String,
    server: Option<Server>,
}

impl Running {
    /// What it told whom so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.server.as_ref().map(Server::told).unwrap_or_default()
    }
}
