//! The profiles of a deployment: the limits of each dialect, as its configuration says.

use std::collections::BTreeMap;

use model::{InvalidProfile, Profile};

/// The name of the native API's profile.
pub const NATIVE: &str = "native";

/// A profile that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("profile `{name}` is refused")]
pub struct ProfileRefused {
    /// Whose.
    pub name: String,
    /// What is wrong with it.
    #[source]
    pub source: InvalidProfile,
}

/// The limits of each dialect, by its name. There is always a native one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profiles {
    native: Profile,
    dialects: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Checks profiles by name; `native` is as [`Profile::native`] where it is not among them.
    pub fn new(
        profiles: impl IntoIterator<Item = (String, Profile)>,
    ) -> Result<Self, ProfileRefused> {
        let mut all = Profiles::default();
        for (name, profile) in profiles {
            profile.check().map_err(|source| ProfileRefused { name: name.clone(), source })?;
            if name == NATIVE {
                all.native = profile;
            } else {
                all.dialects.insert(name, profile);
            }
        }
        Ok(all)
    }

    /// The native API's.
    pub fn native(&self) -> &Profile {
        &self.native
    }

    /// A dialect's; none for a name that has no profile.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        if name == NATIVE { Some(&self.native) } else { self.dialects.get(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found_by_name_and_a_wrong_one_is_named() {
        let small = Profile { images_at_once: 5, ..Profile::native() };
        let all = Profiles::new([("cloud".to_owned(), small.clone())]).unwrap();
        assert_eq!(all.get("cloud"), Some(&small));
        assert_eq!(all.get(NATIVE), Some(&Profile::native()));
        assert_eq!(all.get("other"), None);
        let none = Profile { images_at_once: 0, ..Profile::native() };
        let refused = Profiles::new([(NATIVE.to_owned(), none)]).unwrap_err();
        assert_eq!(refused.name, NATIVE);
    }
}
