//! A migration that fails at any of its statements (fault 30). Needs the feature `failpoints`.
#![cfg(feature = "failpoints")]
#![allow(clippy::unwrap_used, missing_docs)]

use catalog::{Catalog, CatalogFault};

/// More than there are statements in any migration.
const ENDLESS: usize = 1_000;

#[tokio::test]
async fn fault_30_a_migration_may_fail_at_each_statement_and_is_done_by_the_next_start() {
    let scenario = fail::FailScenario::setup();
    for statement in 0.. {
        assert!(statement < ENDLESS, "the migration never ends");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        fail::cfg("mig.statement", &format!("{statement}*off->return")).unwrap();
        let opened = Catalog::open(&path).await;
        fail::remove("mig.statement");
        if opened.is_ok() {
            assert!(statement > 20, "only {statement} statements were failed");
            break;
        }
        assert!(matches!(opened.unwrap_err(), CatalogFault::Busy { .. }));
        let catalog = Catalog::open(&path).await.unwrap();
        assert_eq!(catalog.invariants().await.unwrap(), [] as [String; 0]);
        catalog.close().await;
    }
    scenario.teardown();
}
