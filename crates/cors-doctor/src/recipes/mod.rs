//! How other servers are told to do what a policy says: the lines to write, filled with what is lacking, and the traps of
//! each server. One file per server; no server's lines are looked at elsewhere.

mod actix;
mod asp_net;
mod caddy;
mod django;
mod express;
mod fastapi;
mod nginx;
mod quote;
mod spring;
mod tower_http;

/// What a server must allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The page's origin.
    pub origin: String,
    /// Whether cookies and other credentials are sent.
    pub credentials: bool,
    /// The methods that need to be listed.
    pub methods: Vec<String>,
    /// The request headers that need to be listed, in lower case.
    pub headers: Vec<String>,
    /// The response headers that the script reads.
    pub exposed: Vec<String>,
}

impl Grant {
    /// The response headers that do it, for a preflight or for an actual request.
    pub fn response_headers(&self, is_preflight: bool) -> Vec<(&'static str, String)> {
        let mut lines = vec![("access-control-allow-origin", self.origin.clone())];
        if self.credentials {
            lines.push(("access-control-allow-credentials", "true".to_owned()));
        }
        if is_preflight {
            if !self.methods.is_empty() {
                lines.push(("access-control-allow-methods", self.methods.join(", ")));
            }
            if !self.headers.is_empty() {
                lines.push(("access-control-allow-headers", self.headers.join(", ")));
            }
        } else if !self.exposed.is_empty() {
            lines.push(("access-control-expose-headers", self.exposed.join(", ")));
        }
        lines.push(("vary", "Origin".to_owned()));
        lines
    }
}

/// What is to be done in a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// Allow an origin, methods, headers, credentials.
    Allow,
    /// Put CORS before authentication, limits and everything else that responds by itself.
    BeforeOthers,
    /// Respond to preflights of every route.
    RespondToOptions,
    /// Send the headers with error responses, too.
    OnErrors,
    /// Leave the headers to one writer.
    OneWriter,
}

impl Task {
    /// All tasks.
    pub const ALL: [Self; 5] =
        [Self::Allow, Self::BeforeOthers, Self::RespondToOptions, Self::OnErrors, Self::OneWriter];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::BeforeOthers => "before-others",
            Self::RespondToOptions => "respond-to-options",
            Self::OnErrors => "on-errors",
            Self::OneWriter => "one-writer",
        }
    }
}

/// What a recipe was checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The running server.
    Running,
    /// Its documentation only.
    Documents,
}

macro_rules! servers {
    ($($variant:ident = $name:literal, $title:literal, $checked:ident, $module:path;)+) => {
        /// A server, or a framework for one, that recipes are known for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Server {
            $(#[doc = concat!("`", $title, "`")] $variant,)+
        }

        impl Server {
            /// All servers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The name as people write it.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What its recipes were checked against.
            pub const fn checked(self) -> Checked {
                match self { $(Self::$variant => Checked::$checked,)+ }
            }

            fn ingredients(self, grant: &Grant) -> Ingredients {
                match self { $(Self::$variant => $module(grant),)+ }
            }
        }
    };
}

servers! {
    ActixWebCors = "actix-web-cors", "actix-web-cors", Running, actix::actix_web_cors;
    ActixCors = "actix-cors", "actix-cors", Running, actix::actix_cors;
    TowerHttp = "tower-http", "tower-http (axum)", Running, tower_http::recipe;
    Express4 = "express4", "Express 4", Running, express::four;
    Express5 = "express5", "Express 5", Running, express::five;
    FastApi = "fastapi", "FastAPI, Starlette", Running, fastapi::recipe;
    Django = "django", "Django", Running, django::recipe;
    Spring = "spring", "Spring, with Security", Documents, spring::recipe;
    AspNet = "aspnet", "ASP.NET Core", Documents, asp_net::recipe;
    Nginx = "nginx", "nginx", Running, nginx::recipe;
    Caddy = "caddy", "Caddy", Running, caddy::recipe;
}

/// What the file of a server provides.
struct Ingredients {
    /// The setting in full.
    code: String,
    /// The setting in one line.
    allow: String,
    before_others: &'static str,
    respond_to_options: &'static str,
    on_errors: &'static str,
    one_writer: &'static str,
    /// What goes wrong with this server.
    traps: &'static [&'static str],
}

/// What to do in one server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipe {
    /// The server.
    pub server: Server,
    /// What to do, in one line.
    pub line: String,
    /// The setting in full.
    pub code: String,
    /// What goes wrong with this server.
    pub traps: &'static [&'static str],
}

impl Server {
    /// The server of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|server| server.name() == name)
    }

    /// What to do in it.
    ///
    /// ```
    /// use cors_doctor::recipes::{Grant, Server, Task};
    ///
    /// let grant = Grant { origin: "https://app.example".to_owned(), ..Grant::default() };
    /// let recipe = Server::Express5.recipe(Task::Allow, &grant);
    /// assert_eq!(recipe.line, "app.use(cors({ origin: ['https://app.example'] })), before the routes");
    /// ```
    pub fn recipe(self, task: Task, grant: &Grant) -> Recipe {
        let Ingredients { code, allow, before_others, respond_to_options, on_errors, one_writer, traps } =
            self.ingredients(grant);
        let line = match task {
            Task::Allow => allow,
            Task::BeforeOthers => before_others.to_owned(),
            Task::RespondToOptions => respond_to_options.to_owned(),
            Task::OnErrors => on_errors.to_owned(),
            Task::OneWriter => one_writer.to_owned(),
        };
        Recipe { server: self, line, code, traps }
    }
}
