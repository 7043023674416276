//! Endpoint, key and region: from flags, then the environment, then the profile.

use std::path::PathBuf;

use model::RegionId;

use crate::cli::Globals;
use crate::failure::Failure;
use crate::profile::Profile;

/// An access key with its secret.
#[derive(Clone)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret. Never shown.
    pub secret: String,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a command needs to reach a service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it answers, without a slash at the end.
    pub endpoint: String,
    /// As whom to ask.
    pub key: AccessKey,
    /// The region meant when none is named.
    pub region: Option<RegionId>,
}

impl Settings {
    /// Gathers them. Flags and environment are in `globals` already.
    pub fn gather(globals: &Globals) -> Result<Settings, Failure> {
        let profile = load_profile(globals)?.unwrap_or_default();
        let endpoint =
            globals.endpoint.clone().or(profile.endpoint.clone()).ok_or(Failure::NoEndpoint)?;
        let endpoint = check_endpoint(&endpoint)?;
        let key = find_key(globals, &profile)
            .ok_or_else(|| Failure::NoKey { endpoint: endpoint.clone() })?;
        let of_profile =
            profile.endpoint.as_deref().map(|known| known.trim_end_matches('/')) == Some(&endpoint);
        let region = match profile.region.filter(|_| of_profile) {
            None => None,
            Some(text) => Some(text.parse().map_err(|error: model::InvalidId| {
                Failure::Setting { doing: "use the profile".to_owned(), reason: error.to_string() }
            })?),
        };
        Ok(Settings { endpoint, key, region })
    }
}

/// Where the profile lies that these flags mean.
pub fn profile_place(globals: &Globals) -> Option<PathBuf> {
    globals.profile.clone().or_else(Profile::place)
}

fn load_profile(globals: &Globals) -> Result<Option<Profile>, Failure> {
    let Some(place) = profile_place(globals) else { return Ok(None) };
    let loaded = Profile::load(&place)?;
    if loaded.is_none() && globals.profile.is_some() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::File { doing: "read profile", path: place, source });
    }
    Ok(loaded)
}

/// Id and secret come from one place: a secret of the profile is never tried with an id from a flag.
fn find_key(globals: &Globals, profile: &Profile) -> Option<AccessKey> {
    let pair = |id: &Option<String>, secret: &Option<String>| match (id, secret) {
        (Some(id), Some(secret)) => Some(AccessKey { id: id.clone(), secret: secret.clone() }),
        (Some(_) | None, _) => None,
    };
    if globals.access_key_id.is_some() || globals.access_key_secret.is_some() {
        let known = Some(&profile.access_key_id) == Some(&globals.access_key_id);
        let secret = if known {
            globals.access_key_secret.clone().or(profile.access_key_secret.clone())
        } else {
            globals.access_key_secret.clone()
        };
        return pair(&globals.access_key_id, &secret);
    }
    pair(&profile.access_key_id, &profile.access_key_secret)
}

fn check_endpoint(text: &str) -> Result<String, Failure> {
    let endpoint = text.trim_end_matches('/');
    let plain = reqwest::Url::parse(endpoint).is_ok_and(|url| {
        url.scheme() == "http"
            && url.has_host()
            && url.query().is_none()
            && url.username().is_empty()
    });
    if plain {
        Ok(endpoint.to_owned())
    } else {
        Err(Failure::InvalidEndpoint { endpoint: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::OutputFormat;

    fn globals(endpoint: Option<&str>, id: Option<&str>, secret: Option<&str>) -> Globals {
        Globals {
            endpoint: endpoint.map(str::to_owned),
            access_key_id: id.map(str::to_owned),
            access_key_secret: secret.map(str::to_owned),
            profile: None,
            output: OutputFormat::Table,
            no_progress: false,
        }
    }

    fn profile() -> Profile {
        Profile {
            endpoint: Some("http://127.0.0.1:1".to_owned()),
            access_key_id: Some("A".to_owned()),
            access_key_secret: Some("a".to_owned()),
            region: None,
        }
    }

    #[test]
    fn a_flag_is_stronger_than_the_profile_and_a_secret_goes_with_its_id() {
        let found = |id, secret| {
            find_key(&globals(None, id, secret), &profile()).map(|key| (key.id, key.secret))
        };
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(found(None, None), pair("A", "a"));
        assert_eq!(found(Some("B"), Some("b")), pair("B", "b"));
        assert_eq!(found(Some("A"), None), pair("A", "a"));
        assert_eq!(found(Some("B"), None), None);
        assert_eq!(found(None, Some("b")), None);
    }

    #[test]
    fn endpoints_are_plain_http_urls() {
        assert_eq!(check_endpoint("http://127.0.0.1:7070/").unwrap(), "http://127.0.0.1:7070");
        for wrong in ["127.0.0.1:7070", "ftp://a", "http://", "http://a?b", "http://u:p@a"] {
            assert!(check_endpoint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_not_in_a_debug_text() {
        let key = AccessKey { id: "A".to_owned(), secret: "hidden".to_owned() };
        assert!(!format!("{key:?}").contains("hidden"));
    }
}
