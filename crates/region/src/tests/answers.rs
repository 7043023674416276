//! Stored answers: kept for as long as is said, for every process of the deployment, through a restart (api-03).

use catalog::StoredAnswer;

use crate::deployment::Accounts;
use crate::testing::World;

fn answer(body: &str) -> StoredAnswer {
    StoredAnswer { status: 200, body: body.to_owned() }
}

#[tokio::test]
async fn api_03_an_answer_is_there_for_every_process_and_after_a_restart_until_its_time_is_over() {
    let mut world = World::with_regions(["north"]).await;
    let digest = [7; 32];
    let accounts = world.deployment.accounts.clone();
    assert_eq!(accounts.answer_of(&digest).await.unwrap(), None);
    accounts.keep_answer(&digest, answer("first"), 1_000).await.unwrap();
    accounts.keep_answer(&digest, answer("second"), 9_000).await.unwrap();
    let entropy = std::sync::Arc::new(crate::entropy::SystemEntropy);
    let path = world.folder("accounts.db");
    let other = Accounts::open(&path, accounts.master.clone(), entropy, world.clock.clone());
    let other = other.await.unwrap();
    assert_eq!(other.answer_of(&digest).await.unwrap(), Some(answer("first")));
    assert_eq!(other.answer_of(&[8; 32]).await.unwrap(), None);
    world.restart().await;
    world.clock.advance_ms(999);
    let accounts = world.deployment.accounts.clone();
    assert_eq!(accounts.answer_of(&digest).await.unwrap(), Some(answer("first")));
    world.clock.advance_ms(1);
    assert_eq!(accounts.answer_of(&digest).await.unwrap(), None);
    assert_eq!(accounts.check().await.unwrap(), [] as [String; 0]);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_kept() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let long = "x".repeat(catalog::MAX_ANSWER_BYTES + 1);
    accounts.keep_answer(&[1; 32], answer(&long), 1_000).await.unwrap_err();
    assert_eq!(accounts.answer_of(&[1; 32]).await.unwrap(), None);
    accounts.keep_answer(&[1; 32], answer(&long[1..]), 1_000).await.unwrap();
    assert_eq!(accounts.answer_of(&[1; 32]).await.unwrap(), Some(answer(&long[1..])));
}
