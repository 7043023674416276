//! What is left of the account's quotas.

use askama::Template;
use model::{Quota, QuotaKind};

use crate::look::percent;
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// The quotas of each region.
#[derive(Template)]
#[template(path = "overview/quotas.html")]
pub(crate) struct Quotas {
    words: Words,
    regions: Vec<(String, Vec<Bar>)>,
}

struct Bar {
    name: Saying,
    taken: u64,
    limit: u64,
    percent: u64,
}

pub(crate) async fn gather(visit: &Visit) -> Result<Quotas, Shown> {
    let mut regions = Vec::new();
    for region in visit.regions() {
        let quotas = region.quotas(&visit.caller).await?;
        let bars = quotas.iter().map(|quota| bar(quota, visit.words)).collect();
        regions.push((region.id().to_string(), bars));
    }
    Ok(Quotas { words: visit.words, regions })
}

fn bar(quota: &Quota, words: Words) -> Bar {
    let taken = quota.used + quota.reserved;
    Bar {
        name: words.say(match quota.kind {
            QuotaKind::Image => "overview-quota-images",
            QuotaKind::Snapshot => "overview-quota-snapshots",
        }),
        taken,
        limit: quota.limit,
        percent: percent(taken, quota.limit),
    }
}
