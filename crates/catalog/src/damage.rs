//! Whether the files beside a region's catalog are whole: those of the accounts, and of nonces and answers.

use crate::statement::query;

use crate::accounts::AccountsCatalog;
use crate::fault::CatalogFault;
use crate::nonces::Nonces;
use crate::tx::Tx;

const DAMAGED: &str =
    "SELECT quick_check AS place FROM pragma_quick_check WHERE quick_check <> 'ok'";
const UNBOUND: &str =
    "SELECT \"table\" || ' refers to no row of ' || parent AS place FROM pragma_foreign_key_check";

impl AccountsCatalog {
    /// What is damaged in the file, in words; empty where nothing is. Reads every row.
    pub async fn damage(&self) -> Result<Vec<String>, CatalogFault> {
        self.read().await?.damage().await
    }
}

impl Nonces {
    /// What is damaged in the file, in words; empty where nothing is. Reads every row.
    pub async fn damage(&self) -> Result<Vec<String>, CatalogFault> {
        self.database.read().await?.damage().await
    }
}

impl Tx {
    async fn damage(&mut self) -> Result<Vec<String>, CatalogFault> {
        let operation = "check the file";
        let mut places = Vec::new();
        for question in [DAMAGED, UNBOUND] {
            for row in self.all(operation, query(question)).await? {
                let place = row.get::<String>("place");
                places.push(place.map_err(|source| CatalogFault::of_column(operation, source))?);
            }
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::StoredAnswer;
    use model::Timestamp;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

    /// Changes rows of a file behind the catalog's back.
    async fn intrude(path: &std::path::Path, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
        let options = options.pragma("ignore_check_constraints", "ON");
        let intruder = SqlitePool::connect_with(options).await.unwrap();
        assert!(sqlx::query(sql).execute(&intruder).await.unwrap().rows_affected() > 0);
        intruder.close().await;
    }

    #[tokio::test]
    async fn what_is_damaged_in_the_file_of_nonces_and_answers_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces.db");
        let nonces = Nonces::open(&path).await.unwrap();
        let times = (Timestamp(0), Timestamp(100));
        let answer = StoredAnswer { status: 200, body: "{}".to_owned() };
        nonces.keep_answer(&[1; 32], &answer, times).await.unwrap();
        assert_eq!(nonces.damage().await.unwrap(), [] as [String; 0]);
        intrude(&path, "UPDATE answer SET digest = zeroblob(1)").await;
        let found = nonces.damage().await.unwrap();
        assert!(found.len() == 1 && found[0].contains("answer"), "{found:?}");
    }

    #[tokio::test]
    async fn what_is_damaged_in_the_file_of_accounts_is_told() {
        let (folder, accounts) = crate::accounts::tests::accounts().await;
        let account = crate::sample::account(1);
        accounts.ensure_id_key(&account, &[1; 61]).await.unwrap();
        assert_eq!(accounts.damage().await.unwrap(), [] as [String; 0]);
        intrude(&folder.path().join("accounts.db"), "UPDATE id_key SET account = 'x'").await;
        let found = accounts.damage().await.unwrap();
        assert!(!found.is_empty() && found[0].contains("id_key"), "{found:?}");
    }
}
