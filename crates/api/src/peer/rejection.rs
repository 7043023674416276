//! Rejections on their way between regions: every variant, typed, both ways.

use model::{FieldRefusal, Rejection};
use serde::{Deserialize, Serialize};

use super::wire::{Malformed, read};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(super) enum WireRejection {
    InvalidField {
        field: String,
        refusal: WireRefusal,
    },
    ImageNotFound {
        image: String,
        region: String,
    },
    SnapshotNotFound {
        snapshot: String,
        region: String,
    },
    CopyNotFound {
        copy: String,
        region: String,
    },
    InstanceNotFound {
        instance: String,
        region: String,
    },
    KeyNotFound {
        key: String,
    },
    TooManyKeys {
        limit: u64,
    },
    LastKey {
        key: String,
    },
    RegionUnknown {
        region: String,
    },
    SameRegion {
        region: String,
    },
    TooManyTargets {
        limit: u64,
    },
    TooManyDisks {
        limit: u64,
    },
    TooManyTags {
        limit: u64,
    },
    ImageNotAvailable {
        image: String,
        status: String,
    },
    ImageDegraded {
        image: String,
        chunks: u64,
    },
    ImageBeingMade {
        image: String,
    },
    ImageHeld {
        image: String,
        by: String,
        target: String,
    },
    ImageInUse {
        image: String,
        instances: u64,
    },
    SnapshotInUse {
        snapshot: String,
        image: String,
    },
    AlreadyCopying {
        image: String,
        target: String,
        by: String,
    },
    QuotaExceeded {
        kind: String,
        region: String,
        limit: u64,
        used: u64,
        reserved: u64,
        wanted: u64,
    },
    TokenReused,
    NotBeingCopied {
        image: String,
    },
    CopyFinished {
        image: String,
    },
    NothingToRetry {
        copy: String,
    },
    ImportEnded {
        image: String,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum WireRefusal {
    Length { length: u64, min: u64, max: u64 },
    Character { character: char },
    FirstNotLetter,
    StartsWithUrl,
    Twice,
    Empty,
    NotSectors { bytes: u64 },
    TooLarge { value: u64, limit: u64 },
    Incomplete { missing: u64 },
    NotATree,
}

impl From<&FieldRefusal> for WireRefusal {
    fn from(refusal: &FieldRefusal) -> Self {
        use {FieldRefusal as F, WireRefusal as W};
        match *refusal {
            F::Length { length, min, max } => {
                W::Length { length: length as u64, min: min as u64, max: max as u64 }
            }
            F::Character { character } => W::Character { character },
            F::FirstNotLetter => W::FirstNotLetter,
            F::StartsWithUrl => W::StartsWithUrl,
            F::Twice => W::Twice,
            F::Empty => W::Empty,
            F::NotSectors { bytes } => W::NotSectors { bytes },
            F::TooLarge { value, limit } => W::TooLarge { value, limit },
            F::Incomplete { missing } => W::Incomplete { missing },
            F::NotATree => W::NotATree,
        }
    }
}

fn size(name: &'static str, number: u64) -> Result<usize, Malformed> {
    usize::try_from(number).map_err(|error| Malformed::new(name, error))
}

impl WireRefusal {
    fn parse(self) -> Result<FieldRefusal, Malformed> {
        use {FieldRefusal as F, WireRefusal as W};
        Ok(match self {
            W::Length { length, min, max } => F::Length {
                length: size("length", length)?,
                min: size("min", min)?,
                max: size("max", max)?,
            },
            W::Character { character } => F::Character { character },
            W::FirstNotLetter => F::FirstNotLetter,
            W::StartsWithUrl => F::StartsWithUrl,
            W::Twice => F::Twice,
            W::Empty => F::Empty,
            W::NotSectors { bytes } => F::NotSectors { bytes },
            W::TooLarge { value, limit } => F::TooLarge { value, limit },
            W::Incomplete { missing } => F::Incomplete { missing },
            W::NotATree => F::NotATree,
        })
    }
}

impl From<&Rejection> for WireRejection {
    fn from(rejection: &Rejection) -> Self {
        use {Rejection as R, WireRejection as W};
        let text = |value: &dyn ToString| value.to_string();
        match rejection {
            R::InvalidField { field, refusal } => {
                W::InvalidField { field: text(field), refusal: refusal.into() }
            }
            R::ImageNotFound { image, region } => {
                W::ImageNotFound { image: text(image), region: text(region) }
            }
            R::SnapshotNotFound { snapshot, region } => {
                W::SnapshotNotFound { snapshot: text(snapshot), region: text(region) }
            }
            R::CopyNotFound { copy, region } => {
                W::CopyNotFound { copy: text(copy), region: text(region) }
            }
            R::InstanceNotFound { instance, region } => {
                W::InstanceNotFound { instance: text(instance), region: text(region) }
            }
            R::KeyNotFound { key } => W::KeyNotFound { key: text(key) },
            R::TooManyKeys { limit } => W::TooManyKeys { limit: *limit as u64 },
            R::LastKey { key } => W::LastKey { key: text(key) },
            R::RegionUnknown { region } => W::RegionUnknown { region: text(region) },
            R::SameRegion { region } => W::SameRegion { region: text(region) },
            R::TooManyTargets { limit } => W::TooManyTargets { limit: *limit as u64 },
            R::TooManyDisks { limit } => W::TooManyDisks { limit: *limit as u64 },
            R::TooManyTags { limit } => W::TooManyTags { limit: *limit as u64 },
            R::ImageNotAvailable { image, status } => {
                W::ImageNotAvailable { image: text(image), status: text(status) }
            }
            R::ImageDegraded { image, chunks } => {
                W::ImageDegraded { image: text(image), chunks: *chunks }
            }
            R::ImageBeingMade { image } => W::ImageBeingMade { image: text(image) },
            R::ImageHeld { image, by, target } => {
                W::ImageHeld { image: text(image), by: text(by), target: text(target) }
            }
            R::ImageInUse { image, instances } => {
                W::ImageInUse { image: text(image), instances: *instances }
            }
            R::SnapshotInUse { snapshot, image } => {
                W::SnapshotInUse { snapshot: text(snapshot), image: text(image) }
            }
            R::AlreadyCopying { image, target, by } => {
                W::AlreadyCopying { image: text(image), target: text(target), by: text(by) }
            }
            R::QuotaExceeded { kind, region, limit, used, reserved, wanted } => W::QuotaExceeded {
                kind: text(kind),
                region: text(region),
                limit: *limit,
                used: *used,
                reserved: *reserved,
                wanted: *wanted,
            },
            R::TokenReused => W::TokenReused,
            R::NotBeingCopied { image } => W::NotBeingCopied { image: text(image) },
            R::CopyFinished { image } => W::CopyFinished { image: text(image) },
            R::NothingToRetry { copy } => W::NothingToRetry { copy: text(copy) },
            R::ImportEnded { image } => W::ImportEnded { image: text(image) },
        }
    }
}

impl WireRejection {
    pub(super) fn parse(self) -> Result<Rejection, Malformed> {
        use {Rejection as R, WireRejection as W};
        Ok(match self {
            W::InvalidField { field, refusal } => {
                R::InvalidField { field: read("field", &field)?, refusal: refusal.parse()? }
            }
            W::ImageNotFound { image, region } => {
                R::ImageNotFound { image: read("image", &image)?, region: read("region", &region)? }
            }
            W::SnapshotNotFound { snapshot, region } => R::SnapshotNotFound {
                snapshot: read("snapshot", &snapshot)?,
                region: read("region", &region)?,
            },
            W::CopyNotFound { copy, region } => {
                R::CopyNotFound { copy: read("copy", &copy)?, region: read("region", &region)? }
            }
            W::InstanceNotFound { instance, region } => R::InstanceNotFound {
                instance: read("instance", &instance)?,
                region: read("region", &region)?,
            },
            W::KeyNotFound { key } => R::KeyNotFound { key: read("key", &key)? },
            W::TooManyKeys { limit } => R::TooManyKeys { limit: size("limit", limit)? },
            W::LastKey { key } => R::LastKey { key: read("key", &key)? },
            W::RegionUnknown { region } => R::RegionUnknown { region: read("region", &region)? },
            W::SameRegion { region } => R::SameRegion { region: read("region", &region)? },
            W::TooManyTargets { limit } => R::TooManyTargets { limit: size("limit", limit)? },
            W::TooManyDisks { limit } => R::TooManyDisks { limit: size("limit", limit)? },
            W::TooManyTags { limit } => R::TooManyTags { limit: size("limit", limit)? },
            W::ImageNotAvailable { image, status } => R::ImageNotAvailable {
                image: read("image", &image)?,
                status: read("status", &status)?,
            },
            W::ImageDegraded { image, chunks } => {
                R::ImageDegraded { image: read("image", &image)?, chunks }
            }
            W::ImageBeingMade { image } => R::ImageBeingMade { image: read("image", &image)? },
            W::ImageHeld { image, by, target } => R::ImageHeld {
                image: read("image", &image)?,
                by: read("by", &by)?,
                target: read("target", &target)?,
            },
            W::ImageInUse { image, instances } => {
                R::ImageInUse { image: read("image", &image)?, instances }
            }
            W::SnapshotInUse { snapshot, image } => R::SnapshotInUse {
                snapshot: read("snapshot", &snapshot)?,
                image: read("image", &image)?,
            },
            W::AlreadyCopying { image, target, by } => R::AlreadyCopying {
                image: read("image", &image)?,
                target: read("target", &target)?,
                by: read("by", &by)?,
            },
            W::QuotaExceeded { kind, region, limit, used, reserved, wanted } => R::QuotaExceeded {
                kind: read("kind", &kind)?,
                region: read("region", &region)?,
                limit,
                used,
                reserved,
                wanted,
            },
            W::TokenReused => R::TokenReused,
            W::NotBeingCopied { image } => R::NotBeingCopied { image: read("image", &image)? },
            W::CopyFinished { image } => R::CopyFinished { image: read("image", &image)? },
            W::NothingToRetry { copy } => R::NothingToRetry { copy: read("copy", &copy)? },
            W::ImportEnded { image } => R::ImportEnded { image: read("image", &image)? },
        })
    }
}

#[cfg(test)]
#[path = "rejection_tests.rs"]
mod tests;
