//! Requests at a fixed rate, whatever the answers do (open loop). A latency counts from the instant at which the request was to be
//! sent, so that what waits behind a slow answer counts as slow too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::sign::Signed;
use crate::failure::Failure;

/// Longest wait for an answer; what takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request of some class, and what its answer must contain.
pub struct Shot {
    /// What kind of request it is, for the tables.
    pub class: &'static str,
    /// The request.
    pub request: Signed,
    /// The status of a right answer.
    pub status: u16,
    /// What stands in the body of a right answer; nothing where anything is right.
    pub holds: Arc<str>,
}

/// Open connections to one address.
#[derive(Clone)]
pub struct Client {
    address: Arc<str>,
    idle: Arc<Mutex<Vec<SendRequest<Full<Bytes>>>>>,
}

/// An answer as a whole.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Bytes,
}

/// How one request went.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its class.
    pub class: &'static str,
    /// From when it was to be sent to when its answer was there.
    pub latency: Duration,
    /// What was wrong with it.
    pub fault: Option<String>,
}

impl Client {
    /// To `host:port`.
    pub fn new(address: &str) -> Client {
        Client { address: address.into(), idle: Arc::default() }
    }

    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut idle) = idle else { break };
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
        let stream = TcpStream::connect(&*self.address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // What ends a connection is told to the request that it ends.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    /// Sends a request and waits for the whole answer.
    pub async fn send(&self, request: Signed) -> Result<Answer, String> {
        let mut connection = self.connection().await?;
        let sent = connection.try_send_request(request).await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(mut error) => {
                // The service let go of an idle connection just now: nothing was sent.
                let again = error.take_message().ok_or_else(|| error.error().to_string())?;
                connection = self.connection().await?;
                connection.send_request(again).await.map_err(|error| error.to_string())?
            }
        };
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(|error| error.to_string())?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(Answer { status, body: body.to_bytes() })
    }

    async fn fire(self, shot: Shot, due: Instant) -> Hit {
        let answer = tokio::time::timeout(PATIENCE, self.send(shot.request)).await;
        let latency = due.elapsed();
        let fault = match answer {
            Err(_elapsed) => Some("no answer".to_owned()),
            Ok(Err(fault)) => Some(fault),
            Ok(Ok(answer)) if answer.status != shot.status => {
                let text = String::from_utf8_lossy(&answer.body);
                Some(format!("{}: {}", answer.status, text.chars().take(300).collect::<String>()))
            }
            Ok(Ok(answer)) if !contains(&answer.body, shot.holds.as_bytes()) => {
                Some(format!("no `{}` in the answer", shot.holds))
            }
            Ok(Ok(_)) => None,
        };
        Hit { class: shot.class, latency, fault }
    }
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || memchr::memmem::find(body, wanted).is_some()
}

/// Sends `per_second` requests a second for so long, and waits for what is still under way.
pub async fn open_loop(
    client: &Client,
    (per_second, secs): (u32, u64),
    mut next: impl FnMut(u64) -> Shot,
) -> Vec<Hit> {
    let mut under_way = JoinSet::new();
    let mut hits = Vec::new();
    let begun = Instant::now();
    let count = u64::from(per_second) * secs;
    for number in 0..count {
        let due =
            begun + Duration::from_secs(1) * u32::try_from(number).unwrap_or(u32::MAX) / per_second;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            tokio::time::sleep(wait).await;
        }
        under_way.spawn(client.clone().fire(next(number), due));
        while let Some(ended) = under_way.try_join_next() {
            hits.extend(ended);
        }
    }
    hits.extend(under_way.join_all().await);
    hits
}

/// Sends all of them, so many at once, each when another has been answered.
pub async fn all(client: &Client, at_once: usize, shots: Vec<Shot>) -> Vec<Hit> {
    let (mut waiting, mut under_way, mut hits) = (shots.into_iter(), JoinSet::new(), Vec::new());
    loop {
        while under_way.len() < at_once {
            let Some(shot) = waiting.next() else { break };
            under_way.spawn(client.clone().fire(shot, Instant::now()));
        }
        match under_way.join_next().await {
            Some(ended) => hits.extend(ended),
            None => return hits,
        }
    }
}

/// Latencies in order, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    sorted: Vec<f64>,
    /// Requests that went wrong.
    pub faults: usize,
}

impl Spread {
    /// Of these hits.
    pub fn of<'a>(hits: impl IntoIterator<Item = &'a Hit>) -> Spread {
        let mut spread = Spread::default();
        for hit in hits {
            spread.faults += usize::from(hit.fault.is_some());
            spread.sorted.push(hit.latency.as_secs_f64() * 1_000.0);
        }
        spread.sorted.sort_by(f64::total_cmp);
        spread
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The latency that this share of all does not exceed: 0.99 for the 99th of a hundred.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within the list"
    )]
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.sorted.len() as f64).ceil().max(1.0) as usize;
        self.sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }
}

/// The hits of each class.
pub fn by_class(hits: &[Hit]) -> BTreeMap<&'static str, Spread> {
    let mut classes: BTreeMap<&'static str, Vec<&Hit>> = BTreeMap::new();
    for hit in hits {
        classes.entry(hit.class).or_default().push(hit);
    }
    classes.into_iter().map(|(class, hits)| (class, Spread::of(hits))).collect()
}

/// Refuses a run in which a request went wrong: its latencies say nothing.
pub fn must_be_right(hits: &[Hit]) -> Result<(), Failure> {
    let wrong: Vec<_> = hits.iter().filter(|hit| hit.fault.is_some()).collect();
    let Some(first) = wrong.first() else { return Ok(()) };
    let fault = first.fault.as_deref().unwrap_or_default();
    let what =
        format!("{} of {} requests failed; {}: {fault}", wrong.len(), hits.len(), first.class);
    Err(Failure::Measured { what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(milliseconds: u64) -> Hit {
        Hit { class: "a", latency: Duration::from_millis(milliseconds), fault: None }
    }

    #[test]
    fn a_quantile_is_a_latency_that_was_measured() {
        let hits: Vec<Hit> = (1..=200).rev().map(hit).collect();
        let spread = Spread::of(&hits);
        assert_eq!((spread.quantile(0.5), spread.quantile(0.99)), (100.0, 198.0));
        assert_eq!((spread.quantile(1.0), spread.quantile(0.0)), (200.0, 1.0));
        assert_eq!(Spread::of(&[hit(7)]).quantile(0.99), 7.0);
    }

    #[test]
    fn one_wrong_answer_spoils_a_run() {
        let mut hits = vec![hit(1), hit(2)];
        must_be_right(&hits).unwrap();
        hits[1].fault = Some("503: busy".into());
        let told = must_be_right(&hits).unwrap_err().to_string();
        assert!(told.contains("1 of 2") && told.contains("503: busy"), "{told}");
    }

    /// A service that answers one request a time, each after 20 ms, is asked 100 times a second: those behind wait, and it shows.
    #[tokio::test]
    async fn waiting_behind_a_slow_answer_counts() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let turn = turn.clone();
                tokio::spawn(async move {
                    let mut asked = [0; 4096];
                    while stream.read(&mut asked).await.unwrap_or(0) > 0 {
                        let held = turn.lock().await;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        drop(held);
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        stream.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        let client = Client::new(&address);
        let hits = open_loop(&client, (100, 1), |_| Shot {
            class: "slow",
            request: hyper::Request::get("/").header("host", "h").body(Full::default()).unwrap(),
            status: 200,
            holds: "ok".into(),
        })
        .await;
        must_be_right(&hits).unwrap();
        let spread = Spread::of(&hits);
        // The last of a hundred waits for the hundred before it, less the second in which they were sent.
        assert!(spread.quantile(1.0) > 900.0, "{}", spread.quantile(1.0));
        assert_eq!(spread.count(), 100);
    }
}
