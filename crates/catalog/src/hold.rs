//! Holds: source images here that copies into other regions need. The reference keeps such an image from being deleted (I8).

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, CopyId, ImageId, RegionId, Timestamp};

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::outcome::{Ensured, Released};
use crate::stored::Stored;
use crate::tx::Tx;

/// Whether the target is known to have accepted the copy. Stored by the word in backticks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HoldStanding {
    /// `offered`: the source's door made the hold before it asked the target; the answer may be lost.
    Offered,
    /// `confirmed`: the target asked for it.
    Confirmed,
}

impl HoldStanding {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            HoldStanding::Offered => "offered",
            HoldStanding::Confirmed => "confirmed",
        }
    }

    /// The standing of a stored word; none for a word this version does not know.
    fn from_stored(word: &str) -> Option<Self> {
        match word {
            "offered" => Some(HoldStanding::Offered),
            "confirmed" => Some(HoldStanding::Confirmed),
            _ => None,
        }
    }
}

/// One hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRow {
    /// The copy that needs the image. A copy has one hold.
    pub copy: CopyId,
    /// Who owns the image.
    pub account: AccountId,
    /// The image here.
    pub image: ImageId,
    /// The region that the copy goes to.
    pub target: RegionId,
    /// Whether the target is known to have it.
    pub standing: HoldStanding,
    /// When it was first made.
    pub created: Timestamp,
}

/// What holds one image of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldImage {
    /// The image.
    pub image: ImageId,
    /// How many copies hold it.
    pub copies: u64,
    /// The oldest of them.
    pub first: CopyId,
    /// Where that one goes.
    pub target: RegionId,
}

pub(crate) const OF_IMAGE: &str = "SELECT * FROM hold WHERE image = ? ORDER BY created, copy";
pub(crate) const OF_IMAGES: &str = "SELECT image, count(*) AS copies, \
    (SELECT copy FROM hold AS first WHERE first.image = hold.image ORDER BY created, copy LIMIT 1) AS first, \
    (SELECT target FROM hold AS first WHERE first.image = hold.image ORDER BY created, copy LIMIT 1) AS target \
    FROM hold WHERE image IN (SELECT value FROM json_each(?)) GROUP BY image";
pub(crate) const LIST: &str = "SELECT * FROM hold ORDER BY copy";

impl Tx {
    /// Makes sure that a hold is there; [`HoldStanding::Confirmed`] stays. A copy's hold of another image, account or
    /// target is left as it is: [`Ensured::Other`].
    pub async fn ensure_hold(&mut self, hold: &HoldRow) -> Result<Ensured, CatalogFault> {
        let sql = "INSERT INTO hold (copy, account, image, target, standing, created) VALUES (?, ?, ?, ?, ?, ?) \
            ON CONFLICT (copy) DO UPDATE SET standing = iif(excluded.standing = 'confirmed', 'confirmed', standing) \
            WHERE account = excluded.account AND image = excluded.image AND target = excluded.target";
        let ensure = query(sql)
            .bind(hold.copy.as_str())
            .bind(hold.account.as_str())
            .bind(hold.image.as_str())
            .bind(hold.target.as_str())
            .bind(hold.standing.as_str())
            .bind(hold.created.0);
        match self.run("record a hold", ensure).await? {
            0 => Ok(Ensured::Other),
            _ => Ok(Ensured::Yes),
        }
    }

    /// Lets go of what a copy holds.
    pub async fn release_hold(&mut self, copy: &CopyId) -> Result<Released, CatalogFault> {
        let release = query("DELETE FROM hold WHERE copy = ?").bind(copy.as_str());
        match self.run("release a hold", release).await? {
            0 => Ok(Released::No),
            _ => Ok(Released::Yes),
        }
    }

    /// The hold of a copy.
    pub async fn hold(&mut self, copy: &CopyId) -> Result<Option<HoldRow>, CatalogFault> {
        let find = query("SELECT * FROM hold WHERE copy = ?").bind(copy.as_str());
        self.one("find a hold", find).await?.as_ref().map(hold_from).transpose()
    }

    /// What holds an image, the oldest first.
    pub async fn holds_of_image(&mut self, image: &ImageId) -> Result<Vec<HoldRow>, CatalogFault> {
        let find = query(OF_IMAGE).bind(image.as_str());
        self.all("find the holds of an image", find).await?.iter().map(hold_from).collect()
    }

    /// What holds each of these images; one that none holds is left out.
    pub async fn holds_of_images(
        &mut self,
        images: &[ImageId],
    ) -> Result<Vec<HeldImage>, CatalogFault> {
        let find = query(OF_IMAGES).bind(json_ids(images));
        let rows = self.all("find the holds of images", find).await?;
        let read = |row| {
            let stored = Stored { table: "hold", row };
            Ok(HeldImage {
                image: stored.word("image")?,
                copies: stored.number("copies")?,
                first: stored.word("first")?,
                target: stored.word("target")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Every hold of the region. There are about as many as copies that run from here.
    pub async fn list_holds(&mut self) -> Result<Vec<HoldRow>, CatalogFault> {
        self.all("list holds", query(LIST)).await?.iter().map(hold_from).collect()
    }
}

fn hold_from(row: &Row) -> Result<HoldRow, CatalogFault> {
    let stored = Stored { table: "hold", row };
    Ok(HoldRow {
        copy: stored.word("copy")?,
        account: stored.word("account")?,
        image: stored.word("image")?,
        target: stored.word("target")?,
        standing: stored.checked("standing", |word| HoldStanding::from_stored(word).ok_or(()))?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, bytes, catalog, image, put_image};

    fn hold(n: u64, standing: HoldStanding) -> HoldRow {
        HoldRow {
            copy: CopyId::from_random(bytes(n)),
            account: account(1),
            image: image(1, 1).id,
            target: "south".parse().unwrap(),
            standing,
            created: Timestamp(n as i64),
        }
    }

    #[tokio::test]
    async fn a_hold_is_made_once_and_confirmed_stays() {
        let (_folder, catalog) = catalog().await;
        let (offered, confirmed) = (HoldStanding::Offered, HoldStanding::Confirmed);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image(1, 1)).await;
        for (given, found) in [(offered, offered), (confirmed, confirmed), (offered, confirmed)] {
            assert_eq!(tx.ensure_hold(&hold(1, given)).await.unwrap(), Ensured::Yes);
            assert_eq!(tx.hold(&hold(1, given).copy).await.unwrap(), Some(hold(1, found)));
        }
        let other = HoldRow { image: image(2, 1).id, ..hold(1, confirmed) };
        assert_eq!(tx.ensure_hold(&other).await.unwrap(), Ensured::Other);
        tx.ensure_hold(&hold(2, offered)).await.unwrap();
        let both = [hold(1, confirmed), hold(2, offered)];
        assert_eq!(tx.holds_of_image(&image(1, 1).id).await.unwrap(), both);
        assert_eq!(tx.list_holds().await.unwrap().len(), 2);
        let of = [image(2, 1).id, image(1, 1).id];
        let HoldRow { copy: first, target, .. } = hold(1, confirmed);
        let held = HeldImage { image: image(1, 1).id, copies: 2, first, target };
        assert_eq!(tx.holds_of_images(&of).await.unwrap(), [held]);
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn i8_a_held_image_cannot_be_deleted() {
        let (_folder, catalog) = catalog().await;
        let held = hold(1, HoldStanding::Offered);
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image(1, 1)).await;
        tx.ensure_hold(&held).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = catalog.begin().await.unwrap();
        tx.delete_image(&held.image).await.unwrap();
        tx.commit().await.unwrap_err();

        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.release_hold(&held.copy).await.unwrap(), Released::Yes);
        assert_eq!(tx.release_hold(&held.copy).await.unwrap(), Released::No);
        tx.delete_image(&held.image).await.unwrap();
        tx.commit().await.unwrap();
    }
}
