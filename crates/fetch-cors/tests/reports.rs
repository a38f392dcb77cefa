//! What people reported to have written into the CORS settings of servers and frameworks, and what this library says to it:
//! the outcome here, the words in `reports.txt`. `UPDATE_EXPECT=1 cargo test -p fetch-cors --test reports` writes those.

use std::fmt::Write as _;

use expect_test::expect_file;
use fetch_cors::{Policy, PolicyBuilder, Problem};

/// What kind of report it is, the value, the kind of the first problem (empty if there is none), and what to write instead.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const ORIGINS: &[Row] = &[
    // Lists from the environment.
    (
        "a list in one entry",
        "http://localhost:5173, http://localhost:3000",
        "SeveralOrigins",
        &["http://localhost:5173", "http://localhost:3000"],
    ),
    (
        "a list in one entry",
        "https://a.example;https://b.example",
        "SeveralOrigins",
        &["https://a.example", "https://b.example"],
    ),
    (
        "a list of lines in one entry",
        "https://a.example\nhttps://b.example",
        "SeveralOrigins",
        &["https://a.example", "https://b.example"],
    ),
    (
        "a list of lines in one entry",
        "https://a.example\r\n\thttps://b.example\n",
        "SeveralOrigins",
        &["https://a.example", "https://b.example"],
    ),
    (
        "two literals without a comma",
        "https://a.examplehttps://b.example",
        "SeveralOrigins",
        &["https://a.example", "https://b.example"],
    ),
    (
        "two literals without a comma",
        "http://localhost:3000http://localhost:5173",
        "SeveralOrigins",
        &["http://localhost:3000", "http://localhost:5173"],
    ),
    (
        "some entries without a scheme",
        "http://localhost:4200,0.0.0.0:4200,127.0.0.1:4200",
        "SeveralOrigins",
        &[],
    ),
    (
        "extensions in one entry",
        "chrome-extension://*,moz-extension://*,safari-web-extension://*",
        "SeveralOrigins",
        &[],
    ),
    ("JSON in a variable", "[\"http://localhost:5173\"]", "ListSyntax", &["http://localhost:5173"]),
    (
        "JSON in a variable",
        "[\"http://localhost:3001\",\"http://localhost:3002\"]",
        "ListSyntax",
        &["http://localhost:3001", "http://localhost:3002"],
    ),
    (
        "a literal of PHP in a variable",
        "['host1.com', 'host2.com']",
        "ListSyntax",
        &["https://host1.com", "https://host2.com"],
    ),
    (
        "quotation marks from a .env file",
        "\"https://app.example.com\"",
        "ListSyntax",
        &["https://app.example.com"],
    ),
    ("a dash from YAML", "- https://app.example.com", "ListSyntax", &["https://app.example.com"]),
    ("a semicolon from nginx", "http://localhost:5173;", "ListSyntax", &["http://localhost:5173"]),
    ("a space at the end", "http://localhost:3000 ", "Whitespace", &["http://localhost:3000"]),
    // Variables.
    (
        "a variable of Spring",
        "${CORS_ALLOWED_ORIGINS:http://localhost:3000,http://localhost:5173}",
        "UnfilledVariable",
        &[],
    ),
    ("a variable of Symfony", "%env(json:CORS_ALLOW_ORIGIN)%", "UnfilledVariable", &[]),
    ("a variable of Symfony", "%cors_origin%", "UnfilledVariable", &[]),
    ("a variable without a value", "undefined", "UnfilledVariable", &[]),
    ("a host without a value", "https://undefined", "UnfilledVariable", &[]),
    ("a host without a value", "http://undefined:3000", "UnfilledVariable", &[]),
    ("a host without a value", "https://null", "UnfilledVariable", &[]),
    ("a host without a value", "https://nil:8443", "UnfilledVariable", &[]),
    ("a host without a value", "http://NaN", "UnfilledVariable", &[]),
    ("a port without a value", "http://localhost:undefined", "UnfilledVariable", &[]),
    ("a port without a value", "http://localhost:NaN", "UnfilledVariable", &[]),
    ("a port without a value", "http://localhost:null", "UnfilledVariable", &[]),
    ("a host that is called so", "https://null.example", "", &[]),
    ("a host that is called so", "https://undefined.example.com", "", &[]),
    (
        "a placeholder of a manual",
        "https://deploy-preview-<PR number>--shop.netlify.app/",
        "UnfilledVariable",
        &[],
    ),
    ("a placeholder of a manual", "https://shop-git-{branch}-team.vercel.app", "UnfilledVariable", &[]),
    // Words of other settings.
    ("Express's `true`", "true", "Keyword", &[]),
    ("Keycloak's `+`", "+", "Keyword", &[]),
    ("all of everything", "*.*", "MissingScheme", &[]),
    // Slashes, paths, schemes, hosts, ports.
    ("a trailing slash", "http://localhost:6274/", "Path", &["http://localhost:6274"]),
    ("a trailing slash", "https://shop.herokuapp.com/", "Path", &["https://shop.herokuapp.com"]),
    ("a path", "http://localhost:3000/bar", "Path", &["http://localhost:3000"]),
    ("any path", "http://localhost:3000/*", "Path", &["http://localhost:3000"]),
    (
        "a trailing slash behind a default port",
        "https://app.example.com:443/",
        "Path",
        &["https://app.example.com"],
    ),
    ("no scheme", "shop.pythonanywhere.com", "MissingScheme", &["https://shop.pythonanywhere.com"]),
    ("no scheme", "localhost:8080", "MissingScheme", &["http://localhost:8080"]),
    ("no scheme", "127.0.0.1:8080", "MissingScheme", &["http://127.0.0.1:8080"]),
    ("no scheme", "*.gitpod.io", "MissingScheme", &["https://*.gitpod.io"]),
    ("no scheme in one's own network", "*.local", "MissingScheme", &[]),
    ("no scheme in one's own network", "printer.local:8080", "MissingScheme", &[]),
    ("no scheme in one's own network", "grafana.lan", "MissingScheme", &[]),
    ("no scheme in one's own network", "192.168.*.*", "MissingScheme", &[]),
    ("one slash", "http:/app.example.com", "InvalidScheme", &["http://app.example.com"]),
    ("a colon too many", "https:://app.example.com", "InvalidScheme", &["https://app.example.com"]),
    ("a scheme with a typo", "htttp://localhost:3000", "InvalidScheme", &["http://localhost:3000"]),
    ("a scheme with a typo", "chrome-extensions://*", "InvalidScheme", &[]),
    (
        "a scheme with a typo",
        "chrome-extensions://abcdefghijklmnopabcdefghijklmnop",
        "InvalidScheme",
        &["chrome-extension://abcdefghijklmnopabcdefghijklmnop"],
    ),
    (
        "a scheme with a typo",
        "moz-extention://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
        "InvalidScheme",
        &["moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c"],
    ),
    ("upper case", "HTTP://LOCALHOST:3000", "UpperCase", &["http://localhost:3000"]),
    ("upper case", "http://DESKTOP-AB12:3000", "UpperCase", &["http://desktop-ab12:3000"]),
    ("an unclosed address", "https://[::1", "InvalidHost", &[]),
    ("a zone of IPv6", "http://[fe80::1%25eth0]:3000", "InvalidHost", &[]),
    ("a zone of IPv6", "http://[fe80::1%eth0]:3000", "InvalidHost", &[]),
    (
        "an international name",
        "https://m\u{fc}nchen.example",
        "UnicodeHost",
        &["https://xn--mnchen-3ya.example"],
    ),
    ("a name of emoji", "https://\u{1f600}.example", "UnicodeHost", &[]),
    ("a name of emoji", "https://xn--e28h.example", "", &[]),
    ("a host that ends in a dot", "https://localhost.", "", &[]),
    ("a host that ends in a dot", "https://app.example.com.", "", &[]),
    ("a port too large", "https://app.example.com:99999", "InvalidPort", &[]),
    ("a port that is none", "https://app.example.com:bad", "InvalidPort", &[]),
    ("a range of ports", "http://localhost:8000-9000", "InvalidPort", &[]),
    (
        "a list of ports",
        "http://localhost:[8080,8081]",
        "InvalidPort",
        &["http://localhost:8080", "http://localhost:8081"],
    ),
    (
        "a list of ports",
        "http://localhost:3000,3001",
        "InvalidPort",
        &["http://localhost:3000", "http://localhost:3001"],
    ),
    (
        "a list of ports",
        "http://localhost:{3000,3001}",
        "InvalidPort",
        &["http://localhost:3000", "http://localhost:3001"],
    ),
    (
        "a list of ports",
        "http://localhost:3000|3001",
        "InvalidPort",
        &["http://localhost:3000", "http://localhost:3001"],
    ),
    ("a list of ports", "http://192.168.1.5:[3000,3001]", "InvalidPort", &[]),
    (
        "any port, as Spring writes it",
        "https://*.example.com:[*]",
        "InvalidPort",
        &["https://*.example.com:*"],
    ),
    ("any port, as a glob", "http://localhost*", "MisplacedWildcard", &["http://localhost:*"]),
    ("any port, as a glob", "http://127.0.0.1*", "MisplacedWildcard", &["http://127.0.0.1:*"]),
    ("some ports", "http://localhost:30*", "MisplacedWildcard", &[]),
    ("any port", "http://localhost:*", "", &[]),
    ("any scheme", "*://app.example.com", "MisplacedWildcard", &["https://app.example.com"]),
    // Regular expressions.
    ("a regular expression", r"^https:\/\/(.*)\.vercel\.app$", "RegularExpression", &[]),
    ("a regular expression", r"https://shop-[^.]*-team\.vercel\.app", "RegularExpression", &[]),
    ("a regular expression", r"/shop.*\.vercel\.app/", "RegularExpression", &[]),
    ("a regular expression", "^http://localhost:(3000|3001)$", "RegularExpression", &[]),
    ("a regular expression", "https?://.*", "RegularExpression", &[]),
    (
        "a regular expression",
        r"^https?://tauri\.localhost$",
        "RegularExpression",
        &["http://tauri.localhost", "https://tauri.localhost"],
    ),
    // Previews and workspaces.
    ("previews of Netlify", "https://deploy-preview-*--shop.netlify.app", "", &[]),
    ("previews of Netlify", "*--shop.netlify.app", "MissingScheme", &["https://*--shop.netlify.app"]),
    ("previews of Vercel", "https://shop-git-*-team.vercel.app", "", &[]),
    ("previews of Vercel", "https://*-team.vercel.app/", "Path", &["https://*-team.vercel.app"]),
    ("previews of Vercel", "https://shop-*-*-team.vercel.app", "MisplacedWildcard", &[]),
    ("previews of Cloudflare Pages", "https://*.shop.pages.dev", "", &[]),
    ("previews of Amplify", "https://pr-*.d1a2b3.amplifyapp.com", "", &[]),
    ("workspaces of Gitpod", "https://3000-*.ws-eu93.gitpod.io", "", &[]),
    ("workspaces of Gitpod", "https://3000-*.*.gitpod.io", "MisplacedWildcard", &[]),
    ("Codespaces", "https://*-3000.app.github.dev", "", &[]),
    ("tunnels of ngrok", "https://*.ngrok-free.app", "", &[]),
    // Apps and extensions.
    ("Capacitor", "capacitor://localhost", "", &[]),
    ("Capacitor", "capacitor://app", "", &[]),
    ("Ionic", "ionic://localhost", "", &[]),
    ("Tauri", "tauri://localhost", "", &[]),
    ("Tauri on Windows", "http://tauri.localhost", "", &[]),
    ("Tauri, any host", "tauri://*", "MisplacedWildcard", &[]),
    ("Expo", "exp://192.168.1.5:8081", "", &[]),
    ("Electron", "app://.", "", &[]),
    ("Electron", "app://obsidian.md", "", &[]),
    ("Electron", "app://My-App/", "Path", &["app://My-App"]),
    ("Electron", "app://", "InvalidHost", &[]),
    ("Electron", "oc://renderer", "", &[]),
    ("Electron from files", "file://", "", &[]),
    ("Electron from files", "file:///", "OpaqueScheme", &[]),
    ("Electron from files", "file://peak-electron-app", "OpaqueScheme", &[]),
    ("files", "null", "NullOrigin", &[]),
    ("extensions", "chrome-extension://*", "AnyExtension", &[]),
    ("extensions", "moz-extension://*", "AnyExtension", &[]),
    ("extensions", "moz-extension://*/*", "Path", &[]),
    // Addresses.
    ("addresses of a network", "http://192.168.*", "MisplacedWildcard", &[]),
    ("addresses of a network", "http://10.*", "MisplacedWildcard", &[]),
    ("addresses of a network", "http://192.168.*.*:5173", "", &[]),
    ("addresses of a network", "http://192.168.1.x", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.x.x:8803", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.x.y:8803", "AddressRange", &[]),
    ("addresses of a network", "http://10.x.x.x", "AddressRange", &[]),
    ("addresses of a network", "http://10.x", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.1.XXX", "AddressRange", &[]),
    ("addresses of a network", "192.168.1.x:3000", "AddressRange", &[]),
    ("addresses of a network", "http://172.16-31.x.x", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.1.1-50", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.1.1-50:3000", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.1.[1-50]", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.1.{1..50}", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.1.1-192.168.1.50", "AddressRange", &[]),
    ("addresses of a network", "http://192.168.1.0/24", "AddressRange", &[]),
    ("addresses of a network", "10.0.0.0/8", "AddressRange", &[]),
    ("addresses of a network", "172.16.0.0/12", "AddressRange", &[]),
    ("addresses of a network", "fe80::/10", "AddressRange", &[]),
    ("addresses of the same machine", "http://127.x.x.x:3000", "AddressRange", &[]),
    ("addresses of strangers", "https://11.22.32.0/23", "AddressRange", &[]),
    ("addresses of strangers", "https://8.8.8.x", "AddressRange", &[]),
    ("names that only look like addresses", "https://123.xyz", "", &[]),
    ("names that only look like addresses", "https://1.2.3.example", "", &[]),
    ("names that only look like addresses", "https://666.xxx", "", &[]),
    ("names that only look like addresses", "https://10-0-0-1.example", "", &[]),
    ("a name of mDNS", "http://printer.local:5173", "", &[]),
    ("a container", "http://host.docker.internal:3000", "", &[]),
    ("the server's own listener", "http://0.0.0.0:4200", "", &[]),
];

const ORIGINS_WITH_CREDENTIALS: &[Row] = &[
    ("any origin with credentials", "*", "AnyOriginWithCredentials", &[]),
    ("previews of Vercel", "https://*.vercel.app", "PublicSuffixWithCredentials", &[]),
    ("previews of Vercel", "*-team.vercel.app", "MissingScheme", &[]),
    ("Electron from files", "file://", "LocalFilesWithCredentials", &[]),
    ("a phone in the same network", "http://192.168.1.20:5173", "InsecureOriginWithCredentials", &[]),
    ("addresses of a network", "http://192.168.*.*:5173", "PrivateAddressesWithCredentials", &[]),
    ("addresses of a network", "http://192.168.1.x:5173", "AddressRange", &[]),
    ("a name of mDNS", "http://printer.local:5173", "InsecureOriginWithCredentials", &[]),
];

/// Strings that are split at commas, as environment variables are.
const ORIGINS_FROM: &[Row] = &[
    (
        "JSON in a variable",
        "[\"http://localhost:3001\",\"http://localhost:3002\"]",
        "ListSyntax",
        &["http://localhost:3001"],
    ),
    ("a list", "http://localhost:3000, https://app.example.com ,", "", &[]),
    ("a file with an origin per line", "http://localhost:3000\nhttps://app.example.com\n", "", &[]),
    ("the same from Windows", "http://localhost:3000\r\nhttps://app.example.com\r\n", "", &[]),
    ("a list over two lines", "http://localhost:3000,\n  https://app.example.com", "", &[]),
    ("any on a line of its own", "https://app.example.com\n*", "SeveralOrigins", &[]),
    ("a comment", "# front ends\nhttps://app.example.com", "Whitespace", &[]),
    ("a variable that is set but empty", "", "EmptyOrigin", &[]),
    ("any next to others", "https://app.example.com,*", "SeveralOrigins", &[]),
];

const METHODS: &[Row] = &[
    ("a list in one entry", "get,post", "SeveralNames", &["GET", "POST"]),
    ("a list in one entry", "GET, POST, OPTIONS", "SeveralNames", &["GET", "POST", "OPTIONS"]),
    ("a list in one entry", "GET POST PUT", "SeveralNames", &["GET", "POST", "PUT"]),
    ("lower case", "patch", "MethodCase", &["PATCH"]),
    ("lower case", "delete", "", &[]),
    ("all", "all", "Keyword", &[]),
    ("a typo", "OPTION", "UnusualName", &["OPTIONS"]),
];

const HEADERS: &[Row] = &[
    ("a list in one entry", "Authorization,Content-Type", "SeveralNames", &["authorization", "content-type"]),
    ("a header with its value", "Content-Type: application/json", "HeaderLine", &["content-type"]),
    ("a response header", "Access-Control-Allow-Origin", "ResponseHeaderAmongAllowed", &[]),
    ("what browsers set", "Origin", "ForbiddenRequestHeader", &[]),
    ("what browsers set", "Access-Control-Request-Headers", "ForbiddenRequestHeader", &[]),
    ("a family of headers", "X-Amz-*", "NamePattern", &[]),
    ("a typo", "Authorisation", "UnusualName", &["authorization"]),
];

const EXPOSED: &[Row] = &[
    ("a list in one entry", "X-Total-Count, Link", "SeveralNames", &["x-total-count", "link"]),
    ("cookies", "Set-Cookie", "ForbiddenResponseHeader", &[]),
    ("file names", "Content-Disposition", "", &[]),
];

type Add<'a> = &'a dyn Fn(PolicyBuilder, &str) -> PolicyBuilder;

#[test]
fn reports() {
    let mut said = String::new();
    let mut differences = Vec::new();
    let mut check = |title: &str, rows: &[Row], add: Add<'_>| {
        write!(said, "# {title}\n\n").unwrap();
        for (report, value, kind, suggestions) in rows {
            let built = add(Policy::builder(), value).build();
            let problems: &[Problem] = built.as_ref().err().map_or(&[], |invalid| invalid.problems());
            let (seen, suggested) = match problems {
                [] => (String::new(), &[][..]),
                [problem, ..] => (format!("{:?}", problem.kind()), problem.suggestions()),
            };
            if seen != *kind || suggested != *suggestions {
                differences
                    .push(format!("{report}: {value:?}: {seen} {suggested:?}, not {kind} {suggestions:?}"));
            }
            if problems.is_empty() {
                writeln!(said, "{report}: {value:?} is accepted").unwrap();
            }
            for problem in problems {
                writeln!(said, "{report}: {problem}").unwrap();
            }
        }
        said.push('\n');
    };
    check("origins", ORIGINS, &|builder, value| builder.allow_origins([value]));
    check("origins, with credentials", ORIGINS_WITH_CREDENTIALS, &|builder, value| {
        builder.allow_origins([value]).allow_credentials()
    });
    check("origins from one string", ORIGINS_FROM, &|builder, value| builder.allow_origins_from(value));
    check("methods", METHODS, &|builder, value| builder.allow_methods([value]));
    check("request headers", HEADERS, &|builder, value| builder.allow_headers([value]));
    check("exposed headers", EXPOSED, &|builder, value| builder.expose_headers([value]));
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.join("\n"));
    expect_file!["./reports.txt"].assert_eq(&said);
}
