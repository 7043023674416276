//! Images of an account that may be the same as others: of a name, copied from an image, on a disk with known contents.

use std::collections::BTreeSet;

use crate::statement::query;
use model::{AccountId, Digest, ImageId, Name, Purpose, RegionId};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::plan;
    use crate::sample::{self, account, catalog, digest, origin, put_image, put_rested};
    use model::Origin;

    fn named(n: u64, of: u64, name: &str) -> ImageRow {
        ImageRow { name: Name::new(name).unwrap(), ..sample::image(n, of) }
    }

    /// I12: an account's own, found by each of four things, and nobody else's.
    #[tokio::test]
    async fn i12_own_images_are_found_by_each_of_what_is_wanted() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let from = Origin { snapshot: None, ..origin(9) };
        for of in [1, 2] {
            let n = of * 100;
            put_image(&mut tx, &named(n, of, "web")).await;
            put_image(&mut tx, &named(n + 1, of, "other")).await;
            let copied = ImageRow { origin: Some(from.clone()), ..named(n + 2, of, "copied") };
            put_image(&mut tx, &copied).await;
            let carrier = ImageRow { purpose: Purpose::Carrier, ..named(n + 4, of, "web") };
            put_image(&mut tx, &carrier).await;
            let row = sample::snapshot(n, of);
            let row = crate::SnapshotRow { digest: digest(7), ..row };
            tx.insert_snapshot(&row).await.unwrap();
            put_rested(&mut tx, &named(n + 3, of, "on-a-disk"), &[&row]).await;
        }
        let own = |n: u64| sample::image(n, 1).id;
        let none = AlikeWanted::default;
        let there = (from.region.clone(), from.image.clone());
        let elsewhere = ("elsewhere".parse().unwrap(), from.image.clone());
        let name = |name: &str| AlikeWanted { names: vec![Name::new(name).unwrap()], ..none() };
        let all = AlikeWanted {
            images: vec![own(101), own(104)],
            origins: vec![there.clone()],
            digests: vec![digest(7), digest(7)],
            ..name("web")
        };
        let of_others = vec![sample::image(200, 2).id, own(999)];
        for (wanted, found) in [
            (none(), vec![]),
            (name("web"), vec![100]),
            (name("Web"), vec![]),
            (name("\"]' OR 1=1 --"), vec![]),
            (AlikeWanted { images: vec![own(101)], ..none() }, vec![101]),
            (AlikeWanted { images: of_others, ..none() }, vec![]),
            (AlikeWanted { origins: vec![there], ..none() }, vec![102]),
            (AlikeWanted { origins: vec![elsewhere], ..none() }, vec![]),
            (AlikeWanted { digests: vec![digest(7)], ..none() }, vec![103]),
            (AlikeWanted { digests: vec![digest(8)], ..none() }, vec![]),
            (all, vec![100, 101, 102, 103]),
        ] {
            let rows = tx.images_alike(&account(1), &wanted, 5).await.unwrap();
            let ids: BTreeSet<ImageId> = rows.into_iter().map(|row| row.id).collect();
            assert_eq!(ids, found.into_iter().map(own).collect(), "{wanted:?}");
        }
    }

    #[tokio::test]
    async fn of_many_of_one_name_the_newest_are_found() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in 0..9 {
            put_image(&mut tx, &named(n, 1, "web")).await;
            put_image(&mut tx, &named(n + 10, 1, "db")).await;
        }
        let names = ["web", "db"].map(|name| Name::new(name).unwrap()).to_vec();
        let wanted = AlikeWanted { names, ..AlikeWanted::default() };
        let rows = tx.images_alike(&account(1), &wanted, 2).await.unwrap();
        let ids: BTreeSet<ImageId> = rows.into_iter().map(|row| row.id).collect();
        assert_eq!(ids, [7, 8, 17, 18].map(|n| sample::image(n, 1).id).into());
    }

    /// `0013_alike`: by index, whatever is wanted.
    #[tokio::test]
    async fn images_that_are_alike_are_found_by_index() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for (sql, index) in [
            (NAMED, "image_listed_by_name (account=? AND name=?)"),
            (COPIED, "image_of_origin (account=? AND origin_image=? AND origin_region=?)"),
            (HOLDING, "snapshot_by_digest (account=? AND digest=?)"),
        ] {
            let steps = plan(&mut tx, sql).await;
            let scans = |step: &String| step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
            assert!(!steps.iter().any(scans), "{sql}\n{steps:#?}");
            assert!(steps.iter().any(|step| step.contains(index)), "{sql}\n{steps:#?}");
            let by_id =
                |step: &String| step.starts_with("SEARCH image USING") && step.contains("(id=?)");
            assert!(steps.iter().any(by_id), "{sql}\n{steps:#?}");
        }
    }
}
