//! The page's server as the development server of a project is set up: it forwards the paths of the API, so that a page reaches
//! the API at its own origin, and CORS has nothing to say. It forwards to the Lab's own API and nowhere else; what it reads
//! and how long it waits is bounded.

use std::{collections::HashSet, fmt::Write as _, io, net::SocketAddr, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpResponse, ResponseError as _,
    body::{BoxBody, MessageBody, SizedStream},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName},
    },
    middleware::Next,
    web::{Bytes, BytesMut, Data},
};
use futures_util::{StreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{api_path::ApiPath, json_error::JsonError, session::forwarded::Forwarded};

/// The longest body of a request, in bytes.
const MAX_REQUEST: usize = 16 * 1024;
/// The longest response, in bytes, with its headers.
const MAX_RESPONSE: usize = 64 * 1024;
/// The most header lines of a response.
const MAX_LINES: usize = 64;
/// How long an exchange may take, from the first byte of the request's body on.
const PATIENCE: Duration = Duration::from_secs(5);
/// The headers of a single connection, which end here
/// ([RFC 9110](https://httpwg.org/specs/rfc9110.html#field.connection)), and those that are written again.
const HOP_BY_HOP: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where requests are forwarded to, and for whom.
#[derive(Clone, Debug)]
pub struct ProxyContext {
    /// The API's socket.
    pub api: SocketAddr,
    /// The API's `Host`.
    pub api_host: String,
    /// The `Host` values under which the page is served.
    pub hosts: Vec<String>,
    /// Tells the API which requests came this way.
    pub forwarded: Forwarded,
}

/// Forwards what is meant for the API, and leaves the rest to the page's server.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn forward(
    proxy: Data<ProxyContext>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if ApiPath::parse(request.path()).is_none() {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let payload = request.take_payload();
    let response = match timeout(PATIENCE, exchange(&proxy, &request, payload)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.error_response(),
        Err(_) => {
            JsonError::new(StatusCode::GATEWAY_TIMEOUT, "the API did not respond in time").error_response()
        }
    };
    Ok(request.into_response(response))
}

async fn exchange(
    proxy: &ProxyContext,
    request: &ServiceRequest,
    payload: Payload,
) -> Result<HttpResponse, JsonError> {
    // Without this, a name that leads to this computer would be the page's origin for browsers.
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !proxy.hosts.iter().any(|expected| expected == host) {
        return Err(JsonError::new(StatusCode::MISDIRECTED_REQUEST, "this server doesn't have that name"));
    }
    let body = read_body(payload).await?;
    let mut message = head(proxy, request, body.len());
    message.extend_from_slice(&body);
    let answer = send(proxy, &message)
        .await
        .map_err(|error| bad_gateway(&format!("the API can't be reached: {error}")))?;
    to_response(&answer, request.method() == "HEAD")
}

async fn read_body(mut payload: Payload) -> Result<BytesMut, JsonError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| JsonError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        if body.len() + chunk.len() > MAX_REQUEST {
            let message = format!("a body has at most {MAX_REQUEST} bytes");
            return Err(JsonError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The request's head as the API gets it: by the path alone, whatever host the request's target names.
fn head(proxy: &ProxyContext, request: &ServiceRequest, length: usize) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let host = proxy.hosts.first().map_or("localhost", String::as_str);
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = write!(
        text,
        "{} {target} HTTP/1.1\r\nhost: {}\r\nvia: 1.1 {host}\r\nconnection: close\r\n",
        request.method(),
        proxy.api_host
    );
    let has_body = length > 0 || request.headers().contains_key(header::CONTENT_LENGTH);
    if has_body {
        let _ = write!(text, "content-length: {length}\r\n");
    }
    let mut head = text.into_bytes();
    for (name, value) in end_to_end(request.headers()) {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// The lines that go on: not those of the connection alone, nor those that `Connection` names.
fn end_to_end(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &header::HeaderValue)> {
    let named: HashSet<String> = headers
        .get_all(header::CONNECTION)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(move |(name, _)| !HOP_BY_HOP.contains(&name.as_str()) && !named.contains(name.as_str()))
}

async fn send(proxy: &ProxyContext, message: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(proxy.api).await?;
    let _mark = proxy.forwarded.mark(stream.local_addr()?);
    stream.write_all(message).await?;
    let mut answer = Vec::new();
    let most = u64::try_from(MAX_RESPONSE).unwrap_or(u64::MAX);
    (&mut stream).take(most + 1).read_to_end(&mut answer).await?;
    Ok(answer)
}

fn to_response(answer: &[u8], is_head: bool) -> Result<HttpResponse, JsonError> {
    if answer.len() > MAX_RESPONSE {
        return Err(bad_gateway("the API's response is too long"));
    }
    let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut parsed = httparse::Response::new(&mut lines);
    let Ok(httparse::Status::Complete(length)) = parsed.parse(answer) else {
        return Err(bad_gateway("the API's response is not HTTP"));
    };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| bad_gateway("the API's response has no status"))?;
    let mut headers = HeaderMap::new();
    for line in parsed.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = header::HeaderValue::from_bytes(line.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(bad_gateway("a header of the API's response is not valid"));
        };
        headers.append(name, value);
    }
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let stated: Option<u64> = stated.and_then(|value| value.parse().ok());
    let body = &answer[length..];
    let is_whole = stated.is_none_or(|stated| usize::try_from(stated) == Ok(body.len()));
    if headers.contains_key(header::TRANSFER_ENCODING) || !is_head && !is_whole {
        return Err(bad_gateway("the API's response is not whole"));
    }
    let mut response = HttpResponse::build(status);
    for (name, value) in end_to_end(&headers) {
        response.append_header((name.clone(), value.clone()));
    }
    Ok(match stated.filter(|_| is_head) {
        Some(length) => response.body(SizedStream::new(length, stream::empty::<Result<Bytes, Error>>())),
        None => response.body(body.to_vec()),
    })
}

fn bad_gateway(why: &str) -> JsonError {
    JsonError::new(StatusCode::BAD_GATEWAY, why.to_owned())
}
