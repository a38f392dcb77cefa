//! Where the Lab sends a request for *Your own API*, and where it never does. A target is checked after its name is resolved,
//! and the address that was checked is the one that is connected to.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use actix_web::{rt::time::timeout, web};
use fetch_cors::browser::{Browser, Next, PageOrigin, Profile, Request, Url, Verdict};
use url::Host;

/// The longest URL, in bytes.
pub(super) const MAX_URL: usize = 2048;
/// The longest wait for the addresses of a name.
const RESOLVING: Duration = Duration::from_secs(3);

/// How far away an address is, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// A loopback address.
    ThisMachine,
    /// An address that is not on the internet.
    PrivateNetwork,
    /// An address on the internet.
    Internet,
}

/// A server that may be connected to, by these addresses and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) reach: Reach,
    /// Whether browsers know its addresses without looking up a name.
    pub(super) is_fixed: bool,
}

/// Why nothing is sent there, in a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Finds the addresses of a name at a port.
pub(super) type Resolve = Arc<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// As the system does.
pub(super) fn by_system() -> Resolve {
    Arc::new(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
}

/// Decides which targets are allowed.
#[derive(Clone)]
pub(super) struct Gate {
    /// The ports at which the Lab itself listens, on loopback addresses.
    pub(super) own_ports: Vec<u16>,
    /// Whether targets may be other than loopback addresses.
    pub(super) allows_remote: bool,
    pub(super) resolve: Resolve,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("own_ports", &self.own_ports)
            .field("allows_remote", &self.allows_remote)
            .finish_non_exhaustive()
    }
}

/// Reads a URL as somebody wrote it.
pub(super) fn read_url(text: &str) -> Result<Url, Refused> {
    let text = text.trim();
    let said = |why: String| Err(Refused(why));
    if text.len() > MAX_URL {
        return said(format!("The URL has {} bytes; the Lab sends at most {MAX_URL}.", text.len()));
    }
    let example = "Write one such as http://localhost:5000/items.";
    let Ok(mut url) = Url::parse(text) else {
        return said(format!("{text:?} is not a URL. {example}"));
    };
    if url.host().is_none() && url.scheme() != "file" && Url::parse(&format!("http://{text}")).is_ok() {
        return said(format!("The URL has no scheme. Write http://{text} if that is what you mean."));
    }
    match url.scheme() {
        "http" => {}
        "https" => {
            return said(
                "The Lab's own client speaks http, without TLS. For an https URL, copy the cors-doctor command: \
                 it does the same in a terminal."
                    .to_owned(),
            );
        }
        other => {
            return said(format!("The Lab sends to http URLs, and this one begins with {other}:. {example}"));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return said(
            "fetch() refuses a URL with a user name or a password in it. Remove it, and send the header \
             Authorization instead."
                .to_owned(),
        );
    }
    url.set_fragment(None);
    Ok(url)
}

impl Gate {
    /// The addresses behind a URL that was read.
    pub(super) async fn check(&self, url: &Url) -> Result<Target, Refused> {
        let url = read_url(url.as_str())?;
        if let Some(why) = unsent(&url) {
            return Err(Refused(format!("No browser sends anything there: {why}.")));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Refused(format!("{url} has no host.")));
        };
        let (ips, is_fixed) = match host {
            Host::Ipv4(ip) => (vec![IpAddr::V4(ip)], true),
            Host::Ipv6(ip) => (vec![IpAddr::V6(ip)], true),
            // Browsers know these without looking them up.
            Host::Domain(name) if is_localhost(name) => {
                (vec![IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)], true)
            }
            Host::Domain(name) => (self.look_up(name, port).await?, false),
        };
        let mut addresses = Vec::new();
        let mut reaches = Vec::new();
        for ip in ips {
            let address = SocketAddr::new(ip.to_canonical(), port);
            reaches.push(self.judge(address)?);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        match reaches.first() {
            Some(&reach) if reaches.iter().all(|other| *other == reach) => {
                Ok(Target { addresses, reach, is_fixed })
            }
            Some(_) => Err(Refused(format!(
                "{} has addresses of different kinds, on this machine and elsewhere. The Lab can't know which one your \
                 browser takes.",
                url.host_str().unwrap_or_default()
            ))),
            None => Err(Refused(format!("{} has no address.", url.host_str().unwrap_or_default()))),
        }
    }

    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, Refused> {
        let (resolve, host) = (self.resolve.clone(), name.to_owned());
        let found = timeout(RESOLVING, web::block(move || resolve(&host, port))).await;
        match found {
            Ok(Ok(Ok(addresses))) => Ok(addresses.iter().map(SocketAddr::ip).collect()),
            Ok(Ok(Err(error))) => Err(Refused(format!("{name} has no address: {error}."))),
            Ok(Err(_)) | Err(_) => Err(Refused(format!("{name} was not resolved in time."))),
        }
    }

    fn judge(&self, address: SocketAddr) -> Result<Reach, Refused> {
        let reach = reach_of(address.ip());
        match reach {
            None => Err(Refused(format!(
                "{} is not the address of a server. For one on this machine, write localhost or 127.0.0.1.",
                address.ip()
            ))),
            Some(Reach::ThisMachine) if self.own_ports.contains(&address.port()) => Err(Refused(format!(
                "The Lab itself listens at port {}. Write the port of your own API; the Lab's page sends requests to \
                 the Lab's API.",
                address.port()
            ))),
            Some(reach) if reach != Reach::ThisMachine && !self.allows_remote => Err(Refused(format!(
                "{} is not a loopback address, and the Lab sends to this machine only. Start it with \
                 --allow-remote-apis to send elsewhere.",
                address.ip()
            ))),
            Some(reach) => Ok(reach),
        }
    }
}

/// What `fetch()` refuses to send there, in words; none if it sends.
fn unsent(url: &Url) -> Option<String> {
    let request = Request::new(PageOrigin::Opaque, "GET", url.as_str());
    match Browser::new(Profile::STANDARD).fetch(request, Duration::ZERO) {
        Next::Done(Verdict::Blocked(blocked)) => Some(blocked.why()),
        _ => None,
    }
}

/// <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// How far away an address is; none where no server is, or none that anybody should reach through the Lab: unspecified,
/// multicast and link-local addresses, among them those at which clouds hand out credentials.
fn reach_of(ip: IpAddr) -> Option<Reach> {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, third, _] = ip.octets();
            match (first, second, third) {
                (127, ..) => Some(Reach::ThisMachine),
                // "This network", link-local, multicast, reserved and broadcast.
                (0 | 224.., ..) | (169, 254, _) => None,
                // RFC 1918, shared address space, protocol assignments, benchmarks, documentation.
                (10, ..)
                | (172, 16..=31, _)
                | (192, 168, _)
                | (100, 64..=127, _)
                | (192, 0, 0 | 2)
                | (198, 18 | 19, _)
                | (198, 51, 100)
                | (203, 0, 113) => Some(Reach::PrivateNetwork),
                _ => Some(Reach::Internet),
            }
        }
        IpAddr::V6(ip) if ip.is_loopback() => Some(Reach::ThisMachine),
        IpAddr::V6(ip) if ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local() => None,
        IpAddr::V6(ip) => match ip.segments() {
            // Teredo, 6to4, NAT64 and the obsolete IPv4-compatible addresses contain an IPv4 address, which may be any.
            [0x2001, 0, ..] | [0x2002, ..] | [0x0064, 0xff9b, ..] | [0, 0, 0, 0, 0, 0, ..] => None,
            [0x2000..=0x3fff, ..] => Some(Reach::Internet),
            _ => Some(Reach::PrivateNetwork),
        },
    }
}

/// The targets of one fetch. What was checked once stays as it was checked, however the name resolves later.
#[derive(Clone, Debug, Default)]
pub(super) struct Pins {
    /// By host and port, in the order in which they were checked.
    targets: Vec<((String, u16), Target)>,
}

impl Pins {
    /// The target behind a URL: the one that was checked, or else it is checked now. A redirect never leads to what is nearer
    /// than the first target, as from the internet into a private network.
    pub(super) async fn target(&mut self, gate: &Gate, url: &Url) -> Result<Target, Refused> {
        let key =
            (url.host_str().unwrap_or_default().to_owned(), url.port_or_known_default().unwrap_or_default());
        // The scheme and the rest of the URL are checked each time; only the addresses stay.
        read_url(url.as_str())?;
        if let Some((_, target)) = self.targets.iter().find(|(pinned, _)| *pinned == key) {
            return Ok(target.clone());
        }
        let target = gate.check(url).await?;
        let first = self.targets.first().map_or(target.reach, |(_, first)| first.reach);
        if target.reach < first {
            return Err(Refused(format!(
                "It leads from {} to {}, which is {}.",
                place(first),
                url.host_str().unwrap_or_default(),
                place(target.reach)
            )));
        }
        self.targets.push((key, target.clone()));
        Ok(target)
    }

    /// All that were checked, by host and port, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, &Target)> {
        self.targets.iter().map(|((host, port), target)| (format!("{host}:{port}"), target))
    }
}

fn place(reach: Reach) -> &'static str {
    match reach {
        Reach::ThisMachine => "on this machine",
        Reach::PrivateNetwork => "in a private network",
        Reach::Internet => "on the internet",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LAB: [u16; 3] = [3000, 3001, 8080];

    fn gate(allows_remote: bool) -> Gate {
        Gate { own_ports: LAB.to_vec(), allows_remote, resolve: Arc::new(names) }
    }

    /// The names of a small world.
    fn names(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let ips: &[&str] = match host {
            "here.test" => &["127.0.0.1"],
            "here6.test" => &["::1"],
            "mapped.test" => &["::ffff:127.0.0.1"],
            "private.test" => &["192.168.1.7"],
            "public.test" => &["93.184.216.34"],
            "mixed.test" => &["127.0.0.1", "93.184.216.34"],
            "cloud.test" => &["169.254.169.254"],
            "empty.test" => &[],
            _ => return Err(io::Error::other("no such name")),
        };
        Ok(ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect())
    }

    async fn checked(gate: &Gate, url: &str) -> Result<Target, Refused> {
        gate.check(&read_url(url)?).await
    }

    /// A URL, and a part of why it is refused; none if it is not.
    type Row = (&'static str, Option<&'static str>);

    async fn judge(gate: &Gate, rows: &[Row]) {
        for (url, expected) in rows {
            let got = checked(gate, url).await;
            match (expected, &got) {
                (None, Ok(_)) => {}
                (Some(part), Err(Refused(why))) if why.contains(part) => {}
                _ => panic!("{url}: {got:?}, and not {expected:?}"),
            }
        }
    }

    #[actix_web::test]
    async fn the_labs_own_servers_are_no_target_by_any_name() {
        let rows = [
            ("http://localhost:3000/control/config", Some("The Lab itself")),
            ("http://LOCALHOST:3000/", Some("The Lab itself")),
            ("http://localhost.:3000/", Some("The Lab itself")),
            ("http://a.localhost:3000/", Some("The Lab itself")),
            ("http://127.0.0.1:3000/", Some("The Lab itself")),
            ("http://127.0.0.2:3000/", Some("The Lab itself")),
            ("http://127.1:3000/", Some("The Lab itself")),
            ("http://0x7f.0.0.1:3000/", Some("The Lab itself")),
            ("http://0177.0.0.1:3000/", Some("The Lab itself")),
            ("http://2130706433:3000/", Some("The Lab itself")),
            ("http://[::1]:3000/", Some("The Lab itself")),
            ("http://[::ffff:127.0.0.1]:3000/", Some("The Lab itself")),
            ("http://[0:0:0:0:0:ffff:7f00:1]:3000/", Some("The Lab itself")),
            ("http://127。0。0。1:3000/", Some("The Lab itself")),
            ("http://①②⑦.0.0.1:3000/", Some("The Lab itself")),
            ("http://here.test:3000/", Some("The Lab itself")),
            ("http://here6.test:8080/api/notes", Some("The Lab itself")),
            ("http://mapped.test:3001/", Some("The Lab itself")),
            ("http://0.0.0.0:3000/", Some("not the address of a server")),
            ("http://[::]:3000/", Some("not the address of a server")),
            ("http://[::7f00:1]:3000/", Some("not the address of a server")),
            ("http://localhost:5000/items", None),
        ];
        judge(&gate(false), &rows).await;
        judge(&gate(true), &rows).await;
    }

    #[actix_web::test]
    async fn only_loopback_addresses_are_targets() {
        let rows = [
            ("http://localhost:5000/", None),
            ("http://127.9.9.9:5000/", None),
            ("http://[::1]:5000/", None),
            ("http://here.test/", None),
            ("http://mapped.test/", None),
            ("http://private.test/", Some("--allow-remote-apis")),
            ("http://public.test/", Some("--allow-remote-apis")),
            ("http://mixed.test/", Some("--allow-remote-apis")),
            ("http://10.0.0.1/", Some("--allow-remote-apis")),
            ("http://192.168.0.1/", Some("--allow-remote-apis")),
            ("http://[fd00::1]/", Some("--allow-remote-apis")),
            ("http://[::ffff:10.0.0.1]/", Some("--allow-remote-apis")),
            ("http://localhost.example.com/", Some("has no address")),
            ("http://notlocalhost/", Some("has no address")),
            ("http://empty.test/", Some("has no address")),
        ];
        judge(&gate(false), &rows).await;
    }

    #[actix_web::test]
    async fn a_flag_lets_others_in_but_not_everything() {
        let rows = [
            ("http://private.test/", None),
            ("http://public.test/", None),
            ("http://[2606:2800:220:1::1]/", None),
            ("http://mixed.test/", Some("different kinds")),
            ("http://cloud.test/latest/meta-data/", Some("not the address of a server")),
            ("http://169.254.169.254/", Some("not the address of a server")),
            ("http://[fe80::1]/", Some("not the address of a server")),
            ("http://224.0.0.1/", Some("not the address of a server")),
            ("http://255.255.255.255/", Some("not the address of a server")),
            ("http://[64:ff9b::7f00:1]/", Some("not the address of a server")),
            ("http://[2002:7f00:1::]/", Some("not the address of a server")),
        ];
        judge(&gate(true), &rows).await;
    }

    #[actix_web::test]
    async fn non_http_schemes_are_refused() {
        judge(
            &gate(true),
            &[
                ("file:///etc/passwd", Some("begins with file:")),
                ("ftp://localhost/", Some("begins with ftp:")),
                ("gopher://localhost:70/", Some("begins with gopher:")),
                ("javascript:alert(1)", Some("")),
                ("data:text/plain,a", Some("")),
                ("ws://localhost:5000/", Some("begins with ws:")),
                ("blob:http://localhost:5000/a", Some("")),
                ("https://localhost:5000/", Some("cors-doctor")),
                ("localhost:5000/items", Some("Write http://localhost:5000/items")),
                ("/items", Some("is not a URL")),
                ("", Some("is not a URL")),
                ("http://", Some("is not a URL")),
                ("http://localhost:99999/", Some("is not a URL")),
            ],
        )
        .await;
        assert!(read_url(&format!("http://localhost/{}", "a".repeat(3000))).is_err());
    }

    #[actix_web::test]
    async fn ports_that_browsers_block_are_refused() {
        for port in [1, 21, 22, 25, 110, 143, 6000, 6667, 10080, 4190] {
            let got = checked(&gate(true), &format!("http://localhost:{port}/")).await;
            assert!(matches!(&got, Err(Refused(why)) if why.contains("No browser")), "{port}: {got:?}");
        }
    }

    #[actix_web::test]
    async fn userinfo_in_a_url_is_refused() {
        for url in [
            "http://a@localhost:5000/",
            "http://a:b@localhost:5000/",
            "http://:b@localhost:5000/",
            "http://localhost:3000@127.0.0.1:5000/",
        ] {
            let got = checked(&gate(true), url).await;
            assert!(matches!(&got, Err(Refused(why)) if why.contains("user name")), "{url}: {got:?}");
        }
    }

    #[actix_web::test]
    async fn a_rebound_name_stays_where_it_was_checked() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let resolve: Resolve = Arc::new(move |_, port| {
            let ip = if count.fetch_add(1, Ordering::Relaxed) == 0 { "127.0.0.1" } else { "10.0.0.1" };
            Ok(vec![SocketAddr::new(ip.parse().unwrap(), port)])
        });
        // Even where other targets are allowed.
        let gate = Gate { own_ports: LAB.to_vec(), allows_remote: true, resolve };
        let mut pins = Pins::default();
        for path in ["/a", "/b", "/c"] {
            let url = read_url(&format!("http://rebound.test:5000{path}")).unwrap();
            let target = pins.target(&gate, &url).await.unwrap();
            assert_eq!(target.addresses, ["127.0.0.1:5000".parse().unwrap()], "{path}");
            assert!(!target.is_fixed, "the browser looks it up by itself");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[actix_web::test]
    async fn a_redirect_to_a_private_address_is_refused() {
        // From, to, whether remote APIs are allowed, and whether it is followed.
        for (from, to, allows_remote, is_followed) in [
            ("http://localhost:5000/", "http://127.0.0.1:5001/", false, true),
            ("http://localhost:5000/", "http://192.168.1.7/", false, false),
            ("http://localhost:5000/", "http://public.test/", false, false),
            ("http://localhost:5000/", "http://localhost:3000/control/config", false, false),
            ("http://localhost:5000/", "http://public.test/", true, true),
            ("http://public.test/", "http://192.168.1.7/", true, false),
            ("http://public.test/", "http://localhost:5000/", true, false),
            ("http://public.test/", "http://here.test:5000/", true, false),
            ("http://public.test/", "http://169.254.169.254/", true, false),
            ("http://private.test/", "http://localhost:5000/", true, false),
            ("http://private.test/", "http://public.test/", true, true),
            ("http://localhost:5000/", "http://a:b@localhost:5000/", false, false),
            ("http://localhost:5000/", "http://localhost:22/", false, false),
            ("http://localhost:5000/", "https://localhost:5000/", false, false),
        ] {
            let gate = gate(allows_remote);
            let mut pins = Pins::default();
            pins.target(&gate, &Url::parse(from).unwrap()).await.unwrap();
            let got = pins.target(&gate, &Url::parse(to).unwrap()).await;
            assert_eq!(got.is_ok(), is_followed, "{from} to {to}: {got:?}");
        }
    }
}
