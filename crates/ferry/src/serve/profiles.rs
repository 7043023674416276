//! The profiles of a configuration: the limits of each dialect, with the clouds' own as defaults (REQUIREMENTS section 6).

use std::collections::BTreeMap;

use model::{Again, Border, NameRule, Profile, UnknownWord};
use region::{NATIVE, Profiles};
use serde::Deserialize;

/// What a configuration says of one profile. What it leaves out is as the default says; a size of `0` is no limit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileConfig {
    /// Above this virtual size, all disks together, a copy needs an approval.
    pub ticket_above_bytes: Option<u64>,
    /// Above this virtual size an image is not copied at all.
    pub largest_bytes: Option<u64>,
    /// Images in one request.
    pub images_at_once: Option<usize>,
    /// Target regions in one request.
    pub targets_at_once: Option<usize>,
    /// Copies between border zones: `open` or `needs_approval`.
    pub border: Option<String>,
    /// Which other copy of an image refuses one: to the `same_target` or to `any_target`.
    pub again: Option<String>,
    /// Whether two images of an account in a region may have one name: `free` or `unique`.
    pub names: Option<String>,
}

const GIB: u64 = 1 << 30;

/// The limits of each dialect where the configuration says nothing: the seeds' values.
fn defaults() -> BTreeMap<&'static str, Profile> {
    let native = Profile::native;
    BTreeMap::from([
        (NATIVE, native()),
        // R000-7, R001-9: above 200 GiB by ticket. One image to one region in a call; a name is used once in a region.
        (
            "alibaba",
            Profile {
                ticket_above_bytes: Some(200 * GIB),
                images_at_once: 1,
                targets_at_once: 1,
                names: NameRule::Unique,
                ..native()
            },
        ),
        // R003-2, R003-4: borders by approval, at most 50 GB. Names are unique.
        (
            "tencent",
            Profile {
                largest_bytes: Some(50_000_000_000),
                images_at_once: 10,
                border: Border::NeedsApproval,
                names: NameRule::Unique,
                ..native()
            },
        ),
        // R002-1, R002-6, R002-8: five images to one region; while an image is copied, it is not copied anywhere else.
        (
            "jdcloud",
            Profile { images_at_once: 5, targets_at_once: 1, again: Again::AnyTarget, ..native() },
        ),
    ])
}

/// The profiles that a configuration means.
pub fn profiles(configured: &BTreeMap<String, ProfileConfig>) -> Result<Profiles, String> {
    let mut all = defaults();
    for (name, config) in configured {
        let Some(profile) = all.get_mut(name.as_str()) else {
            let known: Vec<&str> = all.keys().copied().collect();
            return Err(format!(
                "there is no profile `{name}`; there are `{}`",
                known.join("`, `")
            ));
        };
        let changed = config.over(profile.clone());
        *profile = changed.map_err(|error| format!("profile `{name}`: {error}"))?;
    }
    let named = all.into_iter().map(|(name, profile)| (name.to_owned(), profile));
    Profiles::new(named).map_err(|refused| format!("{refused}: {}", refused.source))
}

impl ProfileConfig {
    fn over(&self, default: Profile) -> Result<Profile, UnknownWord> {
        let size = |given: Option<u64>, default| match given {
            None => default,
            Some(bytes) => Some(bytes).filter(|bytes| *bytes > 0),
        };
        Ok(Profile {
            ticket_above_bytes: size(self.ticket_above_bytes, default.ticket_above_bytes),
            largest_bytes: size(self.largest_bytes, default.largest_bytes),
            images_at_once: self.images_at_once.unwrap_or(default.images_at_once),
            targets_at_once: self.targets_at_once.unwrap_or(default.targets_at_once),
            border: self.border.as_deref().map_or(Ok(default.border), str::parse)?,
            again: self.again.as_deref().map_or(Ok(default.again), str::parse)?,
            names: self.names.as_deref().map_or(Ok(default.names), str::parse)?,
            origin_note: default.origin_note,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Profiles, String> {
        profiles(&toml::from_str(text).map_err(|error| error.to_string())?)
    }

    /// R000-7, R002-1, R002-6, R002-8, R003-2, R003-4: the seeds' values are the defaults.
    #[test]
    fn the_seeds_values_are_the_defaults() {
        let all = read("").unwrap();
        assert_eq!(all.native(), &Profile::native());
        let alibaba = all.get("alibaba").unwrap();
        assert_eq!(alibaba.ticket_above_bytes, Some(214_748_364_800));
        assert_eq!((alibaba.images_at_once, alibaba.targets_at_once), (1, 1));
        let tencent = all.get("tencent").unwrap();
        assert_eq!(tencent.largest_bytes, Some(50_000_000_000));
        assert_eq!((tencent.border, tencent.images_at_once), (Border::NeedsApproval, 10));
        let jdcloud = all.get("jdcloud").unwrap();
        assert_eq!((jdcloud.images_at_once, jdcloud.targets_at_once), (5, 1));
        assert_eq!(jdcloud.again, Again::AnyTarget);
    }

    #[test]
    fn a_configuration_changes_what_it_names_and_nothing_else() {
        let all = read(
            "[tencent]\nlargest_bytes = 0\nborder = \"open\"\n[native]\nticket_above_bytes = 5",
        )
        .unwrap();
        let tencent = all.get("tencent").unwrap();
        assert_eq!((tencent.largest_bytes, tencent.border), (None, Border::Open));
        assert_eq!(tencent.images_at_once, 10);
        assert_eq!(all.native().ticket_above_bytes, Some(5));
        assert_eq!(all.get("alibaba"), read("").unwrap().get("alibaba"));
    }

    #[test]
    fn a_wrong_profile_is_named() {
        for (text, words) in [
            ("[ali]", "no profile `ali`"),
            ("[alibaba]\nborder = \"closed\"", "profile `alibaba`: `closed`"),
            ("[jdcloud]\nimages_at_once = 0", "`images_at_once` is `0`"),
            ("[native]\nimages = 1", "images"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
