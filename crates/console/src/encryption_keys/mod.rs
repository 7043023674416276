//! Encryption keys of the regions: made, rotated, disabled, enabled, and deleted after a waiting time.

mod changing;
mod deleting;
mod list;

use axum::Router;
use model::{EncryptionKeyId, Rejection};
use region::{EncryptionKeyView, Refused, Region};

use crate::refusal::Shown;
use crate::visit::{Visit, encoded};
use crate::{Console, page};

use changing::Change;

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    const ALL: &str = "/regions/{region}/encryption-keys";
    const ONE: &str = "/regions/{region}/encryption-keys/{key}";
    Router::new()
        .route("/encryption-keys", page::get(list::show))
        .route(ALL, page::get(list::show).merge(page::post(list::create)))
        .route(&format!("{ONE}/enable"), page::get(list::show).merge(page::post(changing::enable)))
        .route(
            &format!("{ONE}/disable"),
            page::get(|visit| changing::ask(visit, Change::Disable))
                .merge(page::post(|visit, _form| changing::change(visit, Change::Disable))),
        )
        .route(
            &format!("{ONE}/rotate"),
            page::get(|visit| changing::ask(visit, Change::Rotate))
                .merge(page::post(|visit, _form| changing::change(visit, Change::Rotate))),
        )
        .route(&format!("{ONE}/delete"), page::get(deleting::show).merge(page::post(deleting::act)))
}

/// The key that the path names, and its region. Another account's is nowhere.
async fn one(visit: &Visit) -> Result<(Region, EncryptionKeyView), Shown> {
    let region = visit.region()?;
    let id: EncryptionKeyId = visit.id("key")?;
    let key = region.encryption_key(&visit.caller, &id).await.map_err(|refused| match refused {
        Refused::Rejected(Rejection::EncryptionKeyNotFound { .. }) => Shown::Absent,
        other => other.into(),
    })?;
    Ok((region, key))
}

/// Where a key's pages begin.
fn path(region: &Region, key: &EncryptionKeyView) -> String {
    format!("/regions/{}/encryption-keys/{}", region.id(), encoded(key.id.as_str()))
}

/// The list that a region's keys are on.
fn list_path(region: &Region) -> String {
    format!("/encryption-keys?region={}", region.id())
}
