//! Objects: disk image files in the buckets of a deployment. Their names are checked before any path is made of them.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::field::{Field, FieldRefusal};
use crate::ids::ImageId;
use crate::image::DiskRole;
use crate::rejection::Rejection;

words!(
    /// The format of a disk image file.
    DiskFormat, "`raw`, `qcow2`, `vmdk`, `vhd`",
    /// The disk's bytes and nothing else.
    Raw = "raw",
    /// QEMU copy-on-write.
    Qcow2 = "qcow2",
    /// VMware, in one file.
    Vmdk = "vmdk",
    /// Virtual PC.
    Vhd = "vhd",
);

/// What the hidden file of an object that is being written begins with; no object's name has a part that does.
pub const HIDDEN_PREFIX: &str = ".ferry-";

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $field:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn refuse<T>(refusal: FieldRefusal) -> Result<T, Rejection> {
                Err(Rejection::field(Field::$field, refusal))
            }

            fn bounded(text: &str, max: usize, min: usize) -> Result<(), Rejection> {
                if (min..=max).contains(&text.len()) {
                    return Ok(());
                }
                Self::refuse(FieldRefusal::Length { length: text.len(), min, max })
            }
        }

        impl FromStr for $name {
            type Err = Rejection;
            fn from_str(text: &str) -> Result<Self, Rejection> {
                $name::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// Names a bucket: 3 to 63 characters of `a-z0-9-`, a letter or digit first and last.
    BucketName, Bucket
);

impl BucketName {
    /// The longest name, in characters.
    pub const MAX: usize = 63;

    /// Checks a name.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        Self::bounded(text, Self::MAX, 3)?;
        let legal = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
        if let Some(character) = text.chars().find(|c| !legal(c)) {
            return Self::refuse(FieldRefusal::Character { character });
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Self::refuse(FieldRefusal::Character { character: '-' });
        }
        Ok(BucketName(text.to_owned()))
    }
}

name_type!(
    /// Names an object in a bucket: 1 to 1,023 bytes of UTF-8 in parts that `/` separates, each of 1 to 255 bytes, none `.` or
    /// `..`, none that begins as hidden files of the region do, no control characters and no `\`. It leads nowhere outside of
    /// its bucket.
    ObjectName, Object
);

impl ObjectName {
    /// The longest name, in bytes.
    pub const MAX: usize = 1_023;
    /// The longest part of one, in bytes: what file systems allow.
    pub const MAX_PART: usize = 255;

    /// Checks a name.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        Self::bounded(text, Self::MAX, 1)?;
        if let Some(character) = text.chars().find(|c| c.is_control() || *c == '\\') {
            return Self::refuse(FieldRefusal::Character { character });
        }
        for part in text.split('/') {
            match part {
                "" => return Self::refuse(FieldRefusal::Character { character: '/' }),
                "." | ".." => return Self::refuse(FieldRefusal::Character { character: '.' }),
                hidden if hidden.starts_with(HIDDEN_PREFIX) => {
                    return Self::refuse(FieldRefusal::Character { character: '.' });
                }
                part => Self::bounded(part, Self::MAX_PART, 1)?,
            }
        }
        Ok(ObjectName(text.to_owned()))
    }

    /// The folders it lies in, the outermost first, and the name of the file.
    pub fn parts(&self) -> (impl Iterator<Item = &str>, &str) {
        let (folders, file) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        (folders.split('/').filter(|folder| !folder.is_empty()), file)
    }

    /// The object that a disk of an image is exported to: `PREFIX_IMAGE_system.FORMAT`, `PREFIX_IMAGE_data1.FORMAT` and so on.
    pub fn of_disk(
        prefix: Option<&ObjectPrefix>,
        (image, role): (&ImageId, DiskRole),
        format: DiskFormat,
    ) -> Self {
        let before = prefix.map(|prefix| format!("{prefix}_")).unwrap_or_default();
        let disk = match role {
            DiskRole::SYSTEM => "system".to_owned(),
            data => format!("data{}", data.number()),
        };
        ObjectName(format!("{before}{image}_{disk}.{format}"))
    }
}

name_type!(
    /// What the names of exported objects begin with: 1 to 64 characters of `a-zA-Z0-9_-.`, a letter or digit first.
    ObjectPrefix, Prefix
);

impl ObjectPrefix {
    /// The longest prefix, in characters.
    pub const MAX: usize = 64;

    /// Checks a prefix.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        Self::bounded(text, Self::MAX, 1)?;
        let legal = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let first = text.chars().next().filter(|c| !c.is_ascii_alphanumeric());
        match first.or_else(|| text.chars().find(|c| !legal(c))) {
            Some(character) => Self::refuse(FieldRefusal::Character { character }),
            None => Ok(ObjectPrefix(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_object_leads_nowhere_outside_of_its_bucket() {
        let long = format!("{}/x", "n".repeat(255));
        let longest = format!("{}{}", "nnn/".repeat(255), "nnn");
        assert_eq!(longest.len(), ObjectName::MAX);
        for good in ["web.qcow2", "a/b/c.raw", "..web", "镜像/x", "a b", ".hidden", &long, &longest]
        {
            assert_eq!(ObjectName::new(good).unwrap().as_str(), good);
        }
        let too_long = format!("{longest}n");
        let long_part = "n".repeat(256);
        for wrong in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a/..",
            "a\0b",
            "a\nb",
            "a\\b",
            ".ferry-x",
            "a/.ferry-x/b",
            &too_long,
            &long_part,
        ] {
            let refused = ObjectName::new(wrong);
            let is_named =
                matches!(refused, Err(Rejection::InvalidField { field: Field::Object, .. }));
            assert!(is_named, "{wrong:?}");
        }
    }

    #[test]
    fn an_object_lies_in_folders() {
        let name = ObjectName::new("a/b/c.raw").unwrap();
        let (folders, file) = name.parts();
        assert_eq!((folders.collect::<Vec<_>>(), file), (vec!["a", "b"], "c.raw"));
        let name = ObjectName::new("c.raw").unwrap();
        let (folders, file) = name.parts();
        assert_eq!((folders.count(), file), (0, "c.raw"));
    }

    #[test]
    fn buckets_and_prefixes_have_bounds() {
        for good in ["abc", "my-images", "0a0", &"b".repeat(63)] {
            assert_eq!(BucketName::new(good).unwrap().as_str(), good);
        }
        for wrong in ["", "ab", "-abc", "abc-", "Abc", "a.c", "a/c", "a_c", "...", &"b".repeat(64)]
        {
            assert!(BucketName::new(wrong).is_err(), "{wrong:?}");
        }
        for good in ["p", "Web-1.2_3", &"p".repeat(64)] {
            assert_eq!(ObjectPrefix::new(good).unwrap().as_str(), good);
        }
        for wrong in ["", ".p", "-p", "p/q", "../p", "p q", "é", &"p".repeat(65)] {
            assert!(ObjectPrefix::new(wrong).is_err(), "{wrong:?}");
        }
    }

    /// Whatever the prefix, what an export writes has a legal name.
    #[test]
    fn exported_objects_have_legal_names() {
        let image = ImageId::from_random(|| 1);
        let long = ObjectPrefix::new(&"p".repeat(64)).unwrap();
        for prefix in [None, Some(&long)] {
            for index in [0, 16] {
                let role = DiskRole::at(index).unwrap();
                let name = ObjectName::of_disk(prefix, (&image, role), DiskFormat::Qcow2);
                assert_eq!(ObjectName::new(name.as_str()), Ok(name));
            }
        }
        let prefix = ObjectPrefix::new("web").unwrap();
        let of = |index| {
            let role = DiskRole::at(index).unwrap();
            ObjectName::of_disk(Some(&prefix), (&image, role), DiskFormat::Raw).to_string()
        };
        assert_eq!(of(0), format!("web_{image}_system.raw"));
        assert_eq!(of(2), format!("web_{image}_data2.raw"));
    }
}
