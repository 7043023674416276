//! The embedded key ring's rows: encryption keys, the versions of what they wrap with, and the data keys they wrapped.

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, DomainName, EncryptionKeyId, KeyState, Timestamp};

use crate::fault::CatalogFault;
use crate::outcome::{Inserted, Updated};
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// An encryption key of the embedded key ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionKeyRow {
    /// Its id.
    pub id: EncryptionKeyId,
    /// Whose it is.
    pub account: AccountId,
    /// How it stands.
    pub state: KeyState,
    /// Whether the account's copies are sealed with it when no key is named.
    pub is_default: bool,
    /// When it goes for good; only while its deletion is pending.
    pub delete_at: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    /// Grows by one with each update.
    pub generation: u64,
}

/// What a key wraps with, sealed under the master key (`docs/formats.md` 10).
#[derive(Clone, PartialEq, Eq)]
pub struct KeyVersionRow {
    /// 1, 2, 3 and so on; the last one wraps, all of them unwrap.
    pub version: u32,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

impl std::fmt::Debug for KeyVersionRow {
    /// Without the bytes, sealed as they are (I13).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyVersionRow").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What a key seals.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// Images, those being made included.
    pub images: u64,
    /// Snapshots.
    pub snapshots: u64,
}

pub(crate) const LIST: &str = "SELECT * FROM encryption_key WHERE account = ? ORDER BY created, id";
pub(crate) const DOOMED: &str = "SELECT * FROM encryption_key WHERE delete_at IS NOT NULL AND delete_at <= ? ORDER BY delete_at";
pub(crate) const COUNT_IMAGES: &str =
    "SELECT count(*) FROM image WHERE account = ? AND encryption_key = ? AND purpose = 'image'";
/// Those that are on their way as well.
pub(crate) const COUNT_SNAPSHOTS: &str = "SELECT count(*) + (SELECT count(*) FROM promised_snapshot \
    WHERE account = ?1 AND encryption_key = ?2 AND cause IS NULL) FROM snapshot WHERE account = ?1 AND encryption_key = ?2";

impl Tx {
    /// Records a new key. [`Inserted::Clash`] where the id is taken, or the account has a default key already.
    pub async fn insert_encryption_key(
        &mut self,
        key: &EncryptionKeyRow,
    ) -> Result<Inserted, CatalogFault> {
        let sql = "INSERT INTO encryption_key (id, account, state, is_default, delete_at, created, generation) \
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let insert = query(sql)
            .bind(key.id.as_str())
            .bind(key.account.as_str())
            .bind(key.state.as_str())
            .bind(key.is_default)
            .bind(key.delete_at.map(|at| at.0))
            .bind(key.created.0)
            .bind(signed("generation", key.generation)?);
        match self.run("record an encryption key", insert).await? {
            0 => Ok(Inserted::Clash),
            _ => Ok(Inserted::Yes),
        }
    }

    /// A key of an account. Another account's is as absent as one that never was (I12).
    pub async fn encryption_key(
        &mut self,
        account: &AccountId,
        id: &EncryptionKeyId,
    ) -> Result<Option<EncryptionKeyRow>, CatalogFault> {
        let find = query("SELECT * FROM encryption_key WHERE id = ? AND account = ?");
        let find = find.bind(id.as_str()).bind(account.as_str());
        self.one("find an encryption key", find).await?.as_ref().map(key_from).transpose()
    }

    /// An account's keys, the oldest first.
    pub async fn list_encryption_keys(
        &mut self,
        account: &AccountId,
    ) -> Result<Vec<EncryptionKeyRow>, CatalogFault> {
        let list = query(LIST).bind(account.as_str());
        self.all("list encryption keys", list).await?.iter().map(key_from).collect()
    }

    /// The keys whose waiting time is over at `now`.
    pub async fn doomed_encryption_keys(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<EncryptionKeyRow>, CatalogFault> {
        let rows = self.all("list doomed encryption keys", query(DOOMED).bind(now.0)).await?;
        rows.iter().map(key_from).collect()
    }

    /// Changes state and date of deletion, if the row still has this generation; it is one more after.
    pub async fn update_encryption_key(
        &mut self,
        key: &EncryptionKeyRow,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE encryption_key SET state = ?, delete_at = ?, generation = generation + 1 \
            WHERE id = ? AND generation = ?";
        let update = query(sql)
            .bind(key.state.as_str())
            .bind(key.delete_at.map(|at| at.0))
            .bind(key.id.as_str())
            .bind(signed("generation", key.generation)?);
        self.run("update an encryption key", update).await.map(Updated::from_rows)
    }

    /// Records a new version of what a key wraps with.
    pub async fn insert_key_version(
        &mut self,
        key: &EncryptionKeyId,
        version: &KeyVersionRow,
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO encryption_key_version (key, version, sealed, created) VALUES (?, ?, ?, ?)";
        let insert = query(sql)
            .bind(key.as_str())
            .bind(version.version)
            .bind(version.sealed.as_slice())
            .bind(version.created.0);
        self.run("record a version of a key", insert).await.map(|_| ())
    }

    /// The versions of a key, the oldest first; none once it has been deleted.
    pub async fn key_versions(
        &mut self,
        key: &EncryptionKeyId,
    ) -> Result<Vec<KeyVersionRow>, CatalogFault> {
        let find = query("SELECT * FROM encryption_key_version WHERE key = ? ORDER BY version");
        let rows = self.all("find the versions of a key", find.bind(key.as_str())).await?;
        let read = |row| {
            let stored = Stored { table: "encryption_key_version", row };
            Ok(KeyVersionRow {
                version: stored.number("version")?,
                sealed: stored.get("sealed")?,
                created: stored.time("created")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Forgets what a key wrapped with, for good. How many versions there were.
    pub async fn delete_key_versions(
        &mut self,
        key: &EncryptionKeyId,
    ) -> Result<u64, CatalogFault> {
        let delete = query("DELETE FROM encryption_key_version WHERE key = ?").bind(key.as_str());
        self.run("forget the versions of a key", delete).await
    }

    /// What a key of an account seals.
    pub async fn key_use(
        &mut self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<KeyUse, CatalogFault> {
        let count = |sql: &'static str| query(sql).bind(account.as_str()).bind(key.as_str());
        let images = self.count("count what a key seals", count(COUNT_IMAGES)).await?;
        let snapshots = self.count("count what a key seals", count(COUNT_SNAPSHOTS)).await?;
        Ok(KeyUse { images, snapshots })
    }

    /// Records the wrapped data key of a domain, unless it has one: the first one stays.
    pub async fn ensure_sealed_domain(
        &mut self,
        domain: &DomainName,
        wrapped: &[u8],
        at: Timestamp,
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO sealed_domain (account, encryption_key, wrapped, created) VALUES (?, ?, ?, ?) \
            ON CONFLICT DO NOTHING";
        let key = domain.key.as_ref().map(EncryptionKeyId::as_str);
        let insert = query(sql).bind(domain.account.as_str()).bind(key).bind(wrapped).bind(at.0);
        self.run("record a sealed domain", insert).await.map(|_| ())
    }

    /// The wrapped data key of a domain.
    pub async fn wrapped_data_key(
        &mut self,
        domain: &DomainName,
    ) -> Result<Option<Vec<u8>>, CatalogFault> {
        let sql = "SELECT wrapped FROM sealed_domain WHERE account = ? AND encryption_key = ?";
        let key = domain.key.as_ref().map(EncryptionKeyId::as_str);
        let found = self
            .one("find a sealed domain", query(sql).bind(domain.account.as_str()).bind(key))
            .await?;
        found.map(|row| Stored { table: "sealed_domain", row: &row }.get("wrapped")).transpose()
    }

    /// The sealed domains of an account, the oldest first.
    pub async fn sealed_domains(
        &mut self,
        account: &AccountId,
    ) -> Result<Vec<DomainName>, CatalogFault> {
        let sql = "SELECT account, encryption_key FROM sealed_domain WHERE account = ? \
            ORDER BY created, encryption_key";
        let rows = self.all("list sealed domains", query(sql).bind(account.as_str())).await?;
        rows.iter()
            .map(|row| crate::snapshot::domain_from(&Stored { table: "sealed_domain", row }))
            .collect()
    }
}

fn key_from(row: &Row) -> Result<EncryptionKeyRow, CatalogFault> {
    let stored = Stored { table: "encryption_key", row };
    Ok(EncryptionKeyRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        state: stored.word("state")?,
        is_default: stored.get("is_default")?,
        delete_at: stored.optional_time("delete_at")?,
        created: stored.time("created")?,
        generation: stored.number("generation")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::sample::{account, bytes, catalog};

    fn key(n: u64) -> EncryptionKeyRow {
        EncryptionKeyRow {
            id: EncryptionKeyId::from_random(bytes(n)),
            account: account(1),
            state: KeyState::Enabled,
            is_default: false,
            delete_at: None,
            created: Timestamp(n as i64),
            generation: 0,
        }
    }

    #[tokio::test]
    async fn keys_read_back_as_written_and_change_by_generation() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let doomed = EncryptionKeyRow {
            state: KeyState::PendingDeletion,
            delete_at: Some(Timestamp(50)),
            ..key(2)
        };
        let default = EncryptionKeyRow { is_default: true, ..key(3) };
        for row in [&key(1), &doomed, &default] {
            assert_eq!(tx.insert_encryption_key(row).await.unwrap(), Inserted::Yes);
        }
        let second = EncryptionKeyRow { is_default: true, ..key(4) };
        assert_eq!(tx.insert_encryption_key(&second).await.unwrap(), Inserted::Clash);
        assert_eq!(
            tx.list_encryption_keys(&account(1)).await.unwrap(),
            [key(1), doomed.clone(), default]
        );
        assert_eq!(tx.encryption_key(&account(2), &key(1).id).await.unwrap(), None, "i12");
        assert!(tx.doomed_encryption_keys(Timestamp(49)).await.unwrap().is_empty());
        assert_eq!(tx.doomed_encryption_keys(Timestamp(50)).await.unwrap(), [doomed]);
        let off = EncryptionKeyRow { state: KeyState::Disabled, ..key(1) };
        assert_eq!(tx.update_encryption_key(&off).await.unwrap(), Updated::Yes);
        assert_eq!(tx.update_encryption_key(&off).await.unwrap(), Updated::No);
    }

    #[tokio::test]
    async fn versions_and_wrapped_keys_read_back_and_the_first_stays() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.insert_encryption_key(&key(1)).await.unwrap(), Inserted::Yes);
        let version =
            |n: u32| KeyVersionRow { version: n, sealed: vec![n as u8; 61], created: Timestamp(1) };
        for n in [1, 2] {
            tx.insert_key_version(&key(1).id, &version(n)).await.unwrap();
        }
        assert_eq!(tx.key_versions(&key(1).id).await.unwrap(), [version(1), version(2)]);
        let domain = DomainName { account: account(1), key: Some(key(1).id) };
        assert_eq!(tx.wrapped_data_key(&domain).await.unwrap(), None);
        tx.ensure_sealed_domain(&domain, &[1, 2], Timestamp(1)).await.unwrap();
        tx.ensure_sealed_domain(&domain, &[3, 4], Timestamp(1)).await.unwrap();
        assert_eq!(tx.wrapped_data_key(&domain).await.unwrap(), Some(vec![1, 2]));
        assert_eq!(tx.sealed_domains(&account(1)).await.unwrap(), [domain]);
        assert!(tx.sealed_domains(&account(2)).await.unwrap().is_empty());
        assert_eq!(tx.delete_key_versions(&key(1).id).await.unwrap(), 2);
        assert!(!format!("{:?}", version(211)).contains("211, 211"));
    }

    #[tokio::test]
    async fn what_a_key_seals_is_counted_for_its_account() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let mut image = sample::image(1, 1);
        image.encryption_key = Some(key(1).id);
        sample::put_image(&mut tx, &image).await;
        let mut snapshot = sample::snapshot(1, 1);
        snapshot.encryption_key = Some(key(1).id);
        tx.insert_snapshot(&snapshot).await.unwrap();
        let uses = tx.key_use(&account(1), &key(1).id).await.unwrap();
        assert_eq!(uses, KeyUse { images: 1, snapshots: 1 });
        assert_eq!(tx.key_use(&account(2), &key(1).id).await.unwrap(), KeyUse::default());
    }
}
