//! The two signatures, JDCLOUD2 and JDCLOUD3, which differ in two words. What is signed is made anew from what was read, in the
//! one form that all clients' spellings come to (contract 5).

use std::collections::BTreeSet;

use axum::http::header::{AUTHORIZATION, HOST};

use super::error::ApiError;
use super::wire::Wire;
use crate::cloud::form::encoded;
use crate::cloud::mac::{hmac_sha256, is_same, sha256_hex};

/// When the request was signed.
const DATE: &str = "x-jdcloud-date";
/// The digest of the body. Some clients send it; it decides nothing, and must be right where it is.
const DIGEST: &str = "x-jdcloud-content-sha256";
/// The token of a temporary key.
const TOKEN: &str = "x-jdcloud-security-token";
/// Ports that one client leaves out of the host that it signs, whatever it sends.
const PORTS_LEFT_OUT: [&str; 2] = [":80", ":443"];

/// The text of a signature that is not right. Other programs look for it (contract 4).
pub(super) const NOT_SAME: &str = "sign result is not same [gw]";
/// The text of credentials that are none.
const NO_CREDENTIALS: &str = "Invalid authentication credentials";

/// One of the two signatures.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// `JDCLOUD2-HMAC-SHA256`.
    Two,
    /// `JDCLOUD3-HMAC-SHA256`.
    Three,
}

impl Algorithm {
    fn read(name: &str) -> Option<Algorithm> {
        [Algorithm::Two, Algorithm::Three].into_iter().find(|known| known.name() == name)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Algorithm::Two => "JDCLOUD2-HMAC-SHA256",
            Algorithm::Three => "JDCLOUD3-HMAC-SHA256",
        }
    }

    /// The end of its scopes.
    fn terminator(self) -> &'static str {
        match self {
            Algorithm::Two => "jdcloud2_request",
            Algorithm::Three => "jdcloud3_request",
        }
    }

    /// What stands before the secret in its first key.
    fn key_prefix(self) -> &'static [u8] {
        match self {
            Algorithm::Two => b"JDCLOUD2",
            Algorithm::Three => b"JDCLOUD3",
        }
    }
}

/// What a request says of its sender, and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// How it is signed.
    pub(super) algorithm: Algorithm,
    /// The access key.
    pub(super) key: String,
    /// When it was signed, as it says.
    pub(super) at: String,
    /// The day that the key is made for: that of `at`.
    day: String,
    /// The region that the key is made for.
    pub(super) region: String,
    /// The service that the key is made for.
    pub(super) service: String,
    /// Whether it comes with the token of a temporary key.
    pub(super) is_temporary: bool,
    /// What the digests in `to_sign` are of: one text, or two where the host's port may be left out.
    pub(super) canonical: Vec<String>,
    /// What is signed, of each canonical text.
    pub(super) to_sign: Vec<String>,
    /// The signature, in lower-case digits.
    pub(super) signature: String,
}

impl Claim {
    /// Reads what a request says of its sender.
    pub(super) fn of(wire: &Wire) -> Result<Claim, ApiError> {
        let stated = wire.header(AUTHORIZATION.as_str()).filter(|stated| !stated.is_empty());
        let stated = stated.ok_or_else(|| ApiError::access("lack of header authorization[gw]"))?;
        let stated = Authorization::read(&stated)?;
        let at = wire.header(DATE).filter(|date| !date.is_empty());
        let at = at.ok_or_else(|| ApiError::access(format!("lack of header {DATE}")))?;
        let [key, day, region, service] = stated.scope()?;
        if !at.starts_with(day) || !at[day.len()..].starts_with('T') {
            return Err(none(&format!("their date is not that of {DATE}")));
        }
        check_listed(wire, stated.headers)?;
        let digest = sha256_hex(&wire.body);
        if wire.header(DIGEST).is_some_and(|stated| stated != digest) {
            return Err(ApiError::access(NOT_SAME));
        }
        let canonical = canonical_requests(wire, stated.headers, &digest)?;
        let algorithm = stated.algorithm;
        let scope = [day, region, service, algorithm.terminator()].join("/");
        let to_sign = |canonical: &String| {
            format!("{}\n{at}\n{scope}\n{}", algorithm.name(), sha256_hex(canonical.as_bytes()))
        };
        Ok(Claim {
            algorithm,
            key: key.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            is_temporary: wire.header(TOKEN).is_some_and(|token| !token.is_empty()),
            to_sign: canonical.iter().map(to_sign).collect(),
            at,
            canonical,
            signature: stated.signature.to_owned(),
        })
    }

    /// Whether it was signed with this secret, in a time that does not depend on where it differs.
    pub(super) fn is_right(&self, secret: &[u8]) -> bool {
        let first = zeroize::Zeroizing::new([self.algorithm.key_prefix(), secret].concat());
        let parts = [&self.day, &self.region, &self.service].map(|part| part.as_bytes());
        let parts = parts.into_iter().chain([self.algorithm.terminator().as_bytes()]);
        let mut key = zeroize::Zeroizing::new(first.to_vec());
        for part in parts {
            key = zeroize::Zeroizing::new(hmac_sha256(&key, part).to_vec());
        }
        let mut is_right = false;
        for text in &self.to_sign {
            let made = hex::encode(hmac_sha256(&key, text.as_bytes()));
            is_right |= is_same(made.as_bytes(), self.signature.as_bytes());
        }
        is_right
    }
}

/// The header `Authorization`.
struct Authorization<'a> {
    algorithm: Algorithm,
    credential: &'a str,
    /// Lower-case names, set apart by `;`.
    headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads `ALG Credential=.., SignedHeaders=.., Signature=..`, its parts in any order.
    fn read(text: &'a str) -> Result<Authorization<'a>, ApiError> {
        let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
        let algorithm = Algorithm::read(algorithm).ok_or_else(|| {
            let known = [Algorithm::Two.name(), Algorithm::Three.name()].join(" or ");
            none(&format!("their algorithm is not {known}"))
        })?;
        let parts: Vec<_> =
            rest.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let part = |wanted: &str| {
            let mut named = parts.iter().filter(|(name, _)| *name == wanted);
            named.next().map(|(_, value)| *value).filter(|value| !value.is_empty())
        };
        let lack = |words: &str| ApiError::access(words);
        let read = Authorization {
            algorithm,
            credential: part("Credential")
                .ok_or_else(|| lack("lack of credential in the header authorization"))?,
            headers: part("SignedHeaders").ok_or_else(|| lack("lack of header signedHeaders"))?,
            signature: part("Signature").ok_or_else(|| none("they have no signature"))?,
        };
        if parts.len() != 3 || rest.split(',').count() != 3 {
            return Err(none("they are more than Credential, SignedHeaders and Signature"));
        }
        Ok(read)
    }

    /// The access key, the day, the region and the service. The end of the scope must be that of the algorithm.
    fn scope(&self) -> Result<[&'a str; 4], ApiError> {
        let parts: Vec<&str> = self.credential.split('/').collect();
        match parts[..] {
            [key, day, region, service, end]
                if end == self.algorithm.terminator()
                    && [key, day, region, service].iter().all(|part| !part.is_empty()) =>
            {
                Ok([key, day, region, service])
            }
            _ => Err(none("Credential is not KEY/DATE/REGION/SERVICE/END of its algorithm")),
        }
    }
}

fn none(reason: &str) -> ApiError {
    ApiError::access(format!("{NO_CREDENTIALS}: {reason}"))
}

/// The client's list decides which headers are signed. None must be on it: the date is signed by itself, as the method, the
/// path, the query and the body are, and no other header changes what is done.
fn check_listed(wire: &Wire, listed: &str) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for name in listed.split(';') {
        if name.chars().any(|c| c.is_ascii_uppercase()) || !names.insert(name) {
            return Err(none(&format!("SignedHeaders has {name} twice, or not in lower case")));
        }
        match wire.headers.get_all(name).iter().count() {
            0 => return Err(ApiError::access(format!("lack of header {name}"))),
            1 => {}
            _ => return Err(none(&format!("the signed header {name} is there more than once"))),
        }
    }
    Ok(())
}

/// The request as it is signed.
fn canonical_requests(wire: &Wire, listed: &str, digest: &str) -> Result<Vec<String>, ApiError> {
    let query = wire.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let first =
        format!("{}\n{}\n{}\n", wire.method, canonical_path(&wire.path), canonical_query(query));
    let mut texts = vec![first];
    for name in listed.split(';') {
        let value = wire.headers.get(name).map(|value| std::str::from_utf8(value.as_bytes()));
        let value = value.and_then(Result::ok).map(str::trim);
        let value = value.ok_or_else(|| none(&format!("the signed header {name} is not UTF-8")))?;
        let bare = PORTS_LEFT_OUT.iter().find_map(|port| value.strip_suffix(port));
        if let Some(bare) = bare.filter(|_| name == HOST.as_str()) {
            texts.push(format!("{}{name}:{bare}\n", texts[0]));
            texts[0].push_str(&format!("{name}:{value}\n"));
            continue;
        }
        texts.iter_mut().for_each(|text| text.push_str(&format!("{name}:{value}\n")));
    }
    texts.iter_mut().for_each(|text| text.push_str(&format!("\n{listed}\n{digest}")));
    Ok(texts)
}

/// A decoded path as it is signed: encoded but for its slashes.
pub(super) fn canonical_path(path: &str) -> String {
    path.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

/// Decoded pairs as they are signed: in the order of their encoded names, then values.
pub(super) fn canonical_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    let written = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
    written.collect::<Vec<_>>().join("&")
}
