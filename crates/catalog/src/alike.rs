//! Images of an account that may be the same as others: of a name, copied from an image, on a disk with known contents.

use std::collections::BTreeSet;

use model::{AccountId, Digest, ImageId, Name, Purpose, RegionId};
use sqlx::query;

use crate::fault::CatalogFault;
use crate::image::{ImageRow, image_from, json_ids};
use crate::image_search::FOUND;
use crate::stored::Stored;
use crate::tx::Tx;

/// What an image may have to be found; any of it is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlikeWanted {
    /// One of these names.
    pub names: Vec<Name>,
    /// One of these ids.
    pub images: Vec<ImageId>,
    /// It was copied from one of these.
    pub origins: Vec<(RegionId, ImageId)>,
    /// A system disk that rests on a snapshot of the account with one of these contents.
    pub digests: Vec<Digest>,
}

pub(crate) const NAMED: &str = "SELECT image.id FROM json_each(?2) AS wanted CROSS JOIN image \
    ON image.id IN (SELECT named.id FROM image AS named INDEXED BY image_listed_by_name \
    WHERE named.account = ?1 AND named.name = wanted.value AND named.purpose = 'image' \
    ORDER BY named.created DESC, named.id DESC LIMIT ?3)";
pub(crate) const COPIED: &str = "SELECT image.id FROM json_each(?2) AS wanted CROSS JOIN image \
    ON image.id IN (SELECT copied.id FROM image AS copied \
    WHERE copied.account = ?1 AND copied.origin_image IS NOT NULL AND copied.origin_image = wanted.value ->> 1 \
    AND copied.origin_region = wanted.value ->> 0 AND copied.purpose = 'image' \
    ORDER BY copied.created DESC, copied.id DESC LIMIT ?3)";
pub(crate) const HOLDING: &str = "SELECT image.id FROM json_each(?2) AS wanted CROSS JOIN image \
    ON image.id IN (SELECT disk.image FROM snapshot AS rest \
    CROSS JOIN image_disk AS disk ON disk.snapshot = rest.id AND disk.snapshot IS NOT NULL AND disk.role = 0 \
    CROSS JOIN image AS on_it ON on_it.id = disk.image \
    WHERE rest.account = ?1 AND rest.digest = unhex(wanted.value) AND on_it.account = ?1 AND on_it.purpose = 'image' \
    ORDER BY on_it.created DESC, on_it.id DESC LIMIT ?3)";

impl Tx {
    /// The account's own images that have any of what is wanted, each once: for each name, each origin and each contents at
    /// most `each`, the newest. They come in no order.
    pub async fn images_alike(
        &mut self,
        account: &AccountId,
        wanted: &AlikeWanted,
        each: u32,
    ) -> Result<Vec<ImageRow>, CatalogFault> {
        let names: Vec<&str> = wanted.names.iter().map(Name::as_str).collect();
        let origin =
            |(region, image): &(RegionId, ImageId)| [region.to_string(), image.to_string()];
        let origins: Vec<_> = wanted.origins.iter().map(origin).collect();
        let digests: Vec<_> = wanted.digests.iter().map(ToString::to_string).collect();
        let mut ids: BTreeSet<ImageId> = wanted.images.iter().cloned().collect();
        for (sql, values) in [
            (NAMED, serde_json::to_string(&names)),
            (COPIED, serde_json::to_string(&origins)),
            (HOLDING, serde_json::to_string(&digests)),
        ] {
            let values = values.expect("texts are written as JSON");
            let find = query(sql).bind(account.as_str()).bind(values).bind(each);
            for row in self.all("find images that are alike", find).await? {
                ids.insert(Stored { table: "image", row: &row }.word("id")?);
            }
        }
        let ids: Vec<ImageId> = ids.into_iter().collect();
        let rows = self.all("find images", query(FOUND).bind(json_ids(&ids))).await?;
        let mut images = rows.iter().map(image_from).collect::<Result<Vec<_>, _>>()?;
        images.retain(|image| image.account == *account && image.purpose == Purpose::Image);
        Ok(images)
    }
}
