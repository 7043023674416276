//! The profile: where the command line finds its endpoint and key when nothing else names them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What a profile holds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where Ferry answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Id of the access key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// Its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<String>,
    /// The region that commands mean when they name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// What became of a profile that was to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// There was none, or it said the same.
    Written,
    /// It named this other endpoint before.
    Replaced {
        /// What it named.
        endpoint: String,
    },
}

impl Profile {
    /// Where the user's profile lies: `ferry/profile.toml` in the configuration folder. None without a home.
    pub fn place() -> Option<PathBuf> {
        folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("ferry/profile.toml"))
    }

    /// Reads a profile; none where there is no file.
    pub fn load(path: &Path) -> Result<Option<Profile>, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(Failure::File { doing: "read profile", path: path.to_owned(), source });
            }
        };
        toml::from_str(&text).map(Some).map_err(|error| Failure::Setting {
            doing: format!("read profile `{}`", path.display()),
            reason: error.message().to_owned(),
        })
    }

    /// Writes it, readable by its owner alone; it is there whole or not at all.
    pub fn save(&self, path: &Path) -> Result<Saved, Failure> {
        let before = Profile::load(path).ok().flatten().and_then(|old| old.endpoint);
        self.write(path).map_err(|source| Failure::File {
            doing: "write profile",
            path: path.to_owned(),
            source,
        })?;
        match before {
            Some(endpoint) if Some(&endpoint) != self.endpoint.as_ref() => {
                Ok(Saved::Replaced { endpoint })
            }
            Some(_) | None => Ok(Saved::Written),
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        // A bare name has an empty parent, which means here.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let text = toml::to_string(self).expect("a profile has only texts");
        let mut file = tempfile::Builder::new().prefix(".profile").tempfile_in(folder)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    }
}

/// A folder of the user's: by an environment variable of the XDG specification, else under the home folder.
pub fn folder(variable: &str, under_home: &str) -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(under_home)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(endpoint: &str) -> Profile {
        Profile { endpoint: Some(endpoint.to_owned()), ..Profile::default() }
    }

    #[test]
    fn a_profile_is_read_by_its_owner_alone_and_says_what_it_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ferry/profile.toml");
        assert_eq!(Profile::load(&path).unwrap(), None);
        assert_eq!(at("http://a").save(&path).unwrap(), Saved::Written);
        assert_eq!(at("http://a").save(&path).unwrap(), Saved::Written);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            at("http://b").save(&path).unwrap(),
            Saved::Replaced { endpoint: "http://a".to_owned() }
        );
        assert_eq!(Profile::load(&path).unwrap(), Some(at("http://b")));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn an_unknown_field_is_a_usage_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.toml");
        fs::write(&path, "endpont = \"http://a\"").unwrap();
        let failure = Profile::load(&path).unwrap_err();
        assert_eq!(failure.exit().number(), 2);
        assert!(failure.text().contains("endpont"), "{}", failure.text());
    }
}
