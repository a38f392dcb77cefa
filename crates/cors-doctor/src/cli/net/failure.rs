//! Why there is no response, from the errors of the client.

use std::{error::Error, io};

use actix_http::error::ParseError;
use awc::error::{ConnectError, SendRequestError};
use cors_doctor::probe::no_response;
use fetch_cors::diagnosis::Failure;

/// What the error says.
pub(super) fn of(error: &SendRequestError) -> Failure {
    match error {
        SendRequestError::Connect(error) => of_connect(error),
        SendRequestError::Send(error) => of_io(error),
        SendRequestError::Response(error) => of_parse(error),
        SendRequestError::Timeout => Failure::TimedOut,
        SendRequestError::H2(error) => match error.get_io() {
            Some(error) => of_io(error),
            None => Failure::Unknown(format!("HTTP/2: {error}")),
        },
        other => Failure::Unknown(other.to_string()),
    }
}

fn of_connect(error: &ConnectError) -> Failure {
    match error {
        ConnectError::Resolver(_) | ConnectError::NoRecords | ConnectError::Unresolved => {
            Failure::NameNotResolved
        }
        ConnectError::Timeout => Failure::TimedOut,
        ConnectError::Disconnected => Failure::Closed,
        ConnectError::Io(error) => of_io(error),
        ConnectError::H2(error) => error.get_io().map_or(Failure::Closed, of_io),
        other => Failure::Unknown(other.to_string()),
    }
}

fn of_parse(error: &ParseError) -> Failure {
    match error {
        ParseError::Incomplete => Failure::Closed,
        ParseError::Timeout => Failure::TimedOut,
        // So the codec calls a head that breaks off.
        ParseError::Io(error) if error.kind() == io::ErrorKind::Other && tls_error(error).is_none() => {
            Failure::Closed
        }
        ParseError::Io(error) => of_io(error),
        ParseError::TooLarge => Failure::Unknown("the head of the response is too large".to_owned()),
        _ => Failure::NotHttp,
    }
}

fn of_io(error: &io::Error) -> Failure {
    if let Some(tls) = tls_error(error) {
        return of_tls(tls);
    }
    no_response(error)
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    let mut source: Option<&(dyn Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(inner) = source {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        if let Some(tls) = inner.downcast_ref::<io::Error>().and_then(tls_error) {
            return Some(tls);
        }
        source = inner.source();
    }
    None
}

fn of_tls(error: &rustls::Error) -> Failure {
    use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};
    let why = match error {
        Error::InvalidCertificate(invalid) => match invalid {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name".to_owned()
            }
            CertificateError::UnknownIssuer => {
                "the certificate is self-signed, or of an authority that is not trusted".to_owned()
            }
            other => format!("the certificate is not valid: {other:?}"),
        },
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not speak TLS on this port".to_owned()
        }
        other => other.to_string(),
    };
    let wants_client_certificate = matches!(
        error,
        Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::NoCertificate)
    );
    Failure::Tls { why, wants_client_certificate }
}
