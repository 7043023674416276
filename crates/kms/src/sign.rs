//! Signature Version 4 over one request.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Uri};
use model::Timestamp;
use zeroize::Zeroizing;

use crate::fault::Action;
use crate::options::AwsKmsOptions;

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const SERVICE: &str = "kms";

/// Who signs, and for which region.
pub(crate) struct Signer {
    credentials: Credentials,
    region: String,
}

impl Signer {
    /// From options that were checked.
    pub(crate) fn new(options: &AwsKmsOptions) -> Self {
        let token = options.session_token.as_ref().map(|token| token.reveal().to_owned());
        let secret = options.secret_key.reveal();
        let credentials = Credentials::new(&options.access_key, secret, token, None, "ferry");
        Signer { credentials, region: options.region.clone() }
    }

    /// A request to `endpoint`, signed at `now`. Its body is wiped when the last part of it is gone.
    pub(crate) fn request(
        &self,
        endpoint: &Uri,
        action: Action,
        body: &Zeroizing<Vec<u8>>,
        now: Timestamp,
    ) -> Request<Full<Bytes>> {
        let host = endpoint.authority().expect("a checked endpoint has a host").as_str();
        let headers =
            [("content-type", CONTENT_TYPE), ("host", host), ("x-amz-target", action.target())];
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(instant(now))
            .settings(SigningSettings::default())
            .build()
            .expect("every part of the builder was given")
            .into();
        let uri = endpoint.to_string();
        let bytes = SignableBody::Bytes(body);
        let signable = SignableRequest::new("POST", &uri, headers.into_iter(), bytes)
            .expect("a checked endpoint is an address");
        let (instructions, _) = sign(signable, &params)
            .expect("credentials and headers were checked for their characters")
            .into_parts();
        let mut request = Request::new(Full::new(Bytes::from_owner(body.clone())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint.clone();
        for (name, value) in headers {
            let value = value.parse().expect("fixed texts and a checked host are header values");
            request.headers_mut().insert(name, value);
        }
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

fn instant(now: Timestamp) -> SystemTime {
    let since = u64::try_from(now.0).unwrap_or(0); // no clock shows a time before 1970
    SystemTime::UNIX_EPOCH + Duration::from_millis(since)
}
