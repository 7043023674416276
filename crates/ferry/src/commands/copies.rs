//! `ferry copy`: copies as they run and as they ended.

use std::time::Duration;

use api::native::wire::Copy;
use futures::future;
use model::{CopyId, RegionId};
use reqwest::Method;

use super::Session;
use crate::cli::{CopyCommand, Patience};
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{EndedCopies, Failure};
use crate::output::{bytes, duration, rate};
use crate::progress::Track;

/// Does it.
pub async fn run(session: &Session, command: CopyCommand) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        CopyCommand::List { region, state, limit } => {
            let state = state.map(|state| ("state".to_owned(), state.word().to_owned()));
            list(session, region, &state.into_iter().collect::<Vec<_>>(), limit).await
        }
        CopyCommand::Show { copy, region } => {
            session.output.one(&client.copy(&copy, region.as_ref()).await?);
            Ok(())
        }
        CopyCommand::Watch { copies, region, timeout } => {
            watch(session, copies, region, timeout).await
        }
        CopyCommand::Retry { copy, region } => {
            let found = client.copy(&copy, region.as_ref()).await?;
            let path = format!("/v1/regions/{}/copies/{copy}/retry", found.region);
            client.ask_bytes(Call::new("retry the copy", Method::POST, path)).await?;
            session.output.done(&format!("{copy} tries again now"), copy.as_str());
            Ok(())
        }
    }
}

async fn list(
    session: &Session,
    region: Option<RegionId>,
    query: &[(String, String)],
    limit: Option<u64>,
) -> Result<(), Failure> {
    let regions = match region {
        Some(region) => vec![region.to_string()],
        None => session.client.regions().await?.into_iter().map(|region| region.id).collect(),
    };
    let mut copies: Vec<Copy> = Vec::new();
    for region in regions {
        let path = format!("/v1/regions/{region}/copies");
        copies.extend(session.client.list::<Copy>("list the copies", &path, query, limit).await?);
    }
    copies.sort_by(|one, other| other.created.cmp(&one.created));
    session.output.list(&copies);
    Ok(())
}

async fn watch(
    session: &Session,
    copies: Vec<CopyId>,
    region: Option<RegionId>,
    timeout: Option<Patience>,
) -> Result<(), Failure> {
    let found = copies.iter().map(|copy| session.client.copy(copy, region.as_ref()));
    let found = future::try_join_all(found).await?;
    let wanted = found.into_iter().map(|copy| (copy.id, copy.region)).collect();
    let (watched, ended) = wait_for(session, wanted, timeout.map(|patience| patience.0)).await?;
    session.output.list(&ended);
    let unmade = ended.iter().filter(|copy| copy.is_settled() && copy.phase != "done");
    let lines: Vec<String> =
        unmade.map(|copy| format!("copy `{}` made no image: {}", copy.id, why(copy))).collect();
    let exit = match (watched, lines.len()) {
        (Watched::TimedOut, _) => Exit::TimedOut,
        (Watched::Ended, 0) => return Ok(()),
        (Watched::Ended, failed) if failed == ended.len() => Exit::Failed,
        (Watched::Ended, _) => Exit::Partly,
    };
    let lines = if lines.is_empty() {
        vec!["the time to wait is over; the copies go on".to_owned()]
    } else {
        lines
    };
    Err(Failure::Ended(EndedCopies { exit, lines }))
}

/// Why a copy ended as it did, in words.
pub(super) fn why(copy: &Copy) -> &str {
    copy.failure.as_ref().map_or(copy.phase.as_str(), |cause| cause.text.as_str())
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// Every copy has ended.
    Ended,
    /// The time was over first.
    TimedOut,
}

/// Shows copies, named with their regions, until all have ended or the time is over. Answers how each stands then.
pub async fn wait_for(
    session: &Session,
    copies: Vec<(String, String)>,
    patience: Option<Duration>,
) -> Result<(Watched, Vec<Copy>), Failure> {
    let ask = |(id, region): (String, String)| async move {
        session
            .client
            .get::<Copy>("show the copy", format!("/v1/regions/{region}/copies/{id}"))
            .await
    };
    let found = future::try_join_all(copies.into_iter().map(ask)).await?;
    let stands: Vec<_> = found.iter().map(|copy| std::sync::Mutex::new(copy.clone())).collect();
    let all = future::try_join_all(
        found.iter().zip(&stands).map(|(copy, stands)| watch_one(session, copy, stands)),
    );
    let watched = match patience {
        None => all.await.map(|_| Watched::Ended)?,
        Some(patience) => match tokio::time::timeout(patience, all).await {
            Ok(ended) => ended.map(|_| Watched::Ended)?,
            Err(_) => Watched::TimedOut,
        },
    };
    let last = |copy: std::sync::Mutex<Copy>| {
        copy.into_inner().expect("nothing panics while it looks at a copy")
    };
    Ok((watched, stands.into_iter().map(last).collect()))
}

async fn watch_one(
    session: &Session,
    copy: &Copy,
    stands: &std::sync::Mutex<Copy>,
) -> Result<(), Failure> {
    let track = session.showing.track(format!("{} -> {}", copy.source_region, copy.region), 100);
    let seen = |copy: &Copy| {
        show(&track, copy);
        stands.lock().expect("nothing panics while it looks at a copy").clone_from(copy);
    };
    let last = session.client.watch(copy, seen).await?;
    track.end(&last_words(&last));
    Ok(())
}

fn show(track: &Track, copy: &Copy) {
    let mut words = vec![copy.phase.replace('_', " ")];
    if copy.paused {
        words.push("its link is paused".to_owned());
    }
    words.extend(copy.queue_place.map(|place| format!("place {place} in the queue")));
    if copy.bytes_sent > 0 {
        words.push(format!("{} sent", bytes(copy.bytes_sent)));
    }
    words.extend(copy.bytes_per_sec.map(rate));
    words.extend(copy.seconds_left.map(|left| format!("{} left", duration(left))));
    words.extend(copy.reason.as_ref().map(|reason| format!("last attempt failed: {reason}")));
    track.stand(copy.progress, &words.join(", "));
}

fn last_words(copy: &Copy) -> String {
    if copy.phase == "done" {
        return format!(
            "done, {} sent, {} there already",
            bytes(copy.bytes_sent),
            bytes(copy.bytes_reused)
        );
    }
    format!("{}: {}", copy.phase, why(copy))
}
