//! One request to the service and its whole answer, within bounds.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::fault::{Action, Breach, KmsFault};
use crate::options::{AwsKmsOptions, OptionsFault, Way};

/// The longest answer, in bytes. An honest one stays below 10 KiB: a wrapped key of 6144 bytes in base64, and names.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// How long a connection waits for more work. AWS closes after 20 s and more; we go first.
const IDLE: Duration = Duration::from_secs(10);
/// The most connections kept waiting.
const IDLE_CONNECTIONS: usize = 4;

/// A whole answer.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The header `x-amzn-errortype`.
    pub(crate) error_type: Option<String>,
    /// The body, wiped when it goes.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Connections to the service, kept for a while.
pub(crate) struct Link {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Link {
    /// Connects to nothing yet.
    pub(crate) fn new(options: &AwsKmsOptions, way: Way) -> Result<Self, OptionsFault> {
        let roots = match (way, &options.authorities) {
            (Way::Tls, Some(file)) => from_file(file)?,
            (Way::Tls, None) => from_system()?,
            (Way::Loopback, _) => RootCertStore::empty(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the ciphers of TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls);
        let connector = match way {
            Way::Tls => connector.https_only().enable_http1().build(),
            Way::Loopback => connector.https_or_http().enable_http1().build(),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(MAX_ANSWER_BYTES)
            .retry_canceled_requests(false) // the one repetition is ours, so that there is one
            .build(connector);
        Ok(Link { client })
    }

    /// Sends what `request` makes and reads the answer. Where the connection breaks before an answer, does it once more:
    /// every action may be repeated.
    pub(crate) async fn ask(
        &self,
        action: Action,
        request: impl Fn() -> Request<Full<Bytes>>,
    ) -> Result<Answer, KmsFault> {
        let response = match self.client.request(request()).await {
            Err(source) if broke(&source) => self.client.request(request()).await,
            first => first,
        };
        let response = response.map_err(|source| {
            if is_no_http(&source) {
                KmsFault::Protocol { action, breach: Breach::NotHttp }
            } else {
                KmsFault::Unreachable { action, source }
            }
        })?;
        read(action, response).await
    }
}

async fn read(action: Action, response: Response<Incoming>) -> Result<Answer, KmsFault> {
    let status = response.status().as_u16();
    let error_type = response.headers().get("x-amzn-errortype");
    let error_type = error_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    // All the room at once: a buffer that grows leaves unwiped copies behind.
    let mut body = Zeroizing::new(Vec::with_capacity(MAX_ANSWER_BYTES));
    let mut incoming = response.into_body();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|source| KmsFault::BrokenOff { action, source })?;
        let Ok(data) = frame.into_data() else { continue }; // trailers say nothing here
        if body.len() + data.len() > MAX_ANSWER_BYTES {
            let breach = Breach::TooLong { limit: MAX_ANSWER_BYTES };
            return Err(KmsFault::Protocol { action, breach });
        }
        body.extend_from_slice(&data);
    }
    Ok(Answer { status, error_type, body })
}

/// Whether a connection that stood broke before an answer.
fn broke(fault: &ClientError) -> bool {
    !fault.is_connect() && !is_no_http(fault)
}

fn is_no_http(fault: &ClientError) -> bool {
    let mut cause = fault.source();
    while let Some(inner) = cause {
        if inner.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return true;
        }
        cause = inner.source();
    }
    false
}

fn from_file(file: &Path) -> Result<RootCertStore, OptionsFault> {
    let fault = |source: Box<dyn Error + Send + Sync>| OptionsFault::Authorities {
        path: Some(file.to_owned()),
        source,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|source| fault(source.into()))? {
        let certificate = certificate.map_err(|source| fault(source.into()))?;
        roots.add(certificate).map_err(|source| fault(source.into()))?;
    }
    some(roots, Some(file))
}

/// The system's authorities; one that cannot be understood is passed over, as everywhere.
fn from_system() -> Result<RootCertStore, OptionsFault> {
    let mut found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match found.errors.pop() {
        Some(source) if roots.is_empty() => {
            Err(OptionsFault::Authorities { path: None, source: source.into() })
        }
        Some(_) | None => some(roots, None),
    }
}

fn some(roots: RootCertStore, file: Option<&Path>) -> Result<RootCertStore, OptionsFault> {
    if roots.is_empty() {
        return Err(OptionsFault::NoAuthorities { path: file.map(Path::to_owned) });
    }
    Ok(roots)
}
