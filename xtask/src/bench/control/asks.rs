//! What is asked of a service with many images: listings of every dialect, in the shares in which consoles, tools and scripts ask
//! for them, by several accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::load::{Client, Shot};
use super::sign::{self, Place, Signed};
use super::world::Account;
use crate::failure::Failure;

/// Rows of a page of Alibaba Cloud and of JD Cloud here.
const PAGE: usize = 50;
/// Pages of a walk by cursor are so long; those that are measured are shorter.
const WALKED: usize = 1_000;
const NATIVE_PAGE: usize = 100;

/// A class of requests, and its share of all, in hundredths.
pub const MIX: [(&str, u32); 25] = [
    ("alibaba, first page", 8),
    ("alibaba, any page", 6),
    ("alibaba, five ids", 6),
    ("alibaba, tag", 4),
    ("alibaba, family", 2),
    ("alibaba, part of a name", 2),
    ("alibaba, status Creating", 2),
    ("alibaba, every status", 2),
    ("tencent, first page", 7),
    ("tencent, any page", 5),
    ("tencent, one id", 6),
    ("tencent, part of a name", 2),
    ("tencent, tag", 4),
    ("tencent, platform", 1),
    ("jdcloud, first page", 6),
    ("jdcloud, any page", 4),
    ("jdcloud, one id", 5),
    ("jdcloud, part of a name", 1),
    ("jdcloud, status", 2),
    ("native, first page", 8),
    ("native, any page", 5),
    ("native, name", 3),
    ("native, status", 2),
    ("native, one image", 6),
    ("native, copies", 1),
];

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// One of `0..below`.
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (below.max(1) as u64)).unwrap_or(0)
    }
}

/// Who asks, and what they know.
pub struct Asks {
    at: Place,
    accounts: Vec<Asker>,
    /// No nonce of an earlier run is one of this.
    run: String,
}

struct Asker {
    account: Account,
    /// Cursors of the native list, each of a page.
    cursors: Vec<String>,
    /// What stands in a right answer of a class whose every answer has it.
    told: BTreeMap<&'static str, Arc<str>>,
}

impl Asks {
    /// Learns what right answers are: each class is asked once and its answer is read.
    pub async fn learn(
        client: &Client,
        at: &Place,
        accounts: &[Account],
        images: &BTreeMap<String, usize>,
    ) -> Result<Asks, Failure> {
        let run = format!("{}", jiff::Timestamp::now().as_nanosecond());
        let mut asks = Asks { at: at.clone(), accounts: Vec::new(), run };
        for account in accounts {
            let cursors = walk(client, at, account).await?;
            let told = BTreeMap::new();
            asks.accounts.push(Asker { account: account.clone(), cursors, told });
        }
        let mut dice = Dice::new(5);
        for place in 0..asks.accounts.len() {
            for (class, _) in MIX {
                let number = u64::MAX - (place as u64) * 100;
                let request =
                    asks.request((place, class), &mut dice, &format!("learn-{number}-{class}"));
                let answer =
                    client.send(request).await.map_err(|what| Failure::Measured { what })?;
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                if answer.status != 200 {
                    let what = format!("{class}: {}: {text}", answer.status);
                    return Err(Failure::Measured { what });
                }
                let owned = images.get(&asks.accounts[place].account.id).copied().unwrap_or(0);
                let told = marker(class, &text, owned)?;
                asks.accounts[place].told.insert(class, told);
            }
        }
        Ok(asks)
    }

    /// One request of the mix: seven of ten are of the account that has most of the images.
    pub fn shot(&self, number: u64, dice: &mut Dice) -> Shot {
        let mut place = dice.roll(100) as u32;
        let class = MIX.iter().find(|(_, share)| {
            let hit = place < *share;
            place = place.saturating_sub(*share);
            hit
        });
        let class = class.map_or(MIX[0].0, |(class, _)| class);
        let who = match dice.roll(10) {
            0..=6 => 0,
            other => (other - 6) % self.accounts.len(),
        };
        let request = self.request((who, class), dice, &number.to_string());
        let holds = self.accounts[who].told.get(class).cloned().unwrap_or_default();
        Shot { class, request, status: 200, holds }
    }

    /// One request of a class, of the account that has most of the images.
    pub fn shot_of(&self, class: &'static str, number: u64, dice: &mut Dice) -> Shot {
        let request = self.request((0, class), dice, &format!("alone-{number}-{class}"));
        Shot { class, request, status: 200, holds: Arc::from("") }
    }

    fn request(&self, (who, class): (usize, &'static str), dice: &mut Dice, nonce: &str) -> Signed {
        let asker = &self.accounts[who];
        let key = &asker.account.key;
        let nonce = format!("{}-{nonce}", self.run);
        let (dialect, what) = class.split_once(", ").unwrap_or((class, ""));
        match dialect {
            "alibaba" => {
                let pairs = asker.alibaba(what, dice);
                sign::alibaba(key, &self.at, "DescribeImages", &pairs, &nonce)
            }
            "tencent" => {
                let body = asker.tencent(what, dice).to_string();
                sign::tencent(key, &self.at, "DescribeImages", body)
            }
            "jdcloud" => sign::jdcloud(key, &self.at, "images", &asker.jdcloud(what, dice)),
            _ => {
                let (path, pairs) = asker.native(what, dice);
                sign::native(key, &self.at, &path, &pairs)
            }
        }
    }
}

impl Asker {
    fn image(&self, dice: &mut Dice) -> &str {
        &self.account.images[dice.roll(self.account.images.len())]
    }

    /// The first half of the pages is as good as any: what is deprecated is not on them all.
    fn page(&self, size: usize, dice: &mut Dice) -> usize {
        dice.roll(self.account.images.len() * 9 / 10 / size)
    }

    /// A name that was given, in part.
    fn part_of_name(&self, dice: &mut Dice) -> String {
        format!("-{:04}", dice.roll(self.account.images.len().div_ceil(100)))
    }

    fn alibaba(&self, what: &str, dice: &mut Dice) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("PageSize", PAGE.to_string())];
        match what {
            "any page" => pairs.push(("PageNumber", (1 + self.page(PAGE, dice)).to_string())),
            "five ids" => {
                let ids: Vec<_> = (0..5).map(|_| self.image(dice)).collect();
                pairs.push(("ImageId", ids.join(",")));
                pairs.push(("Status", "Available,Deprecated".into()));
            }
            "tag" => {
                pairs.push(("Tag.1.Key", "team".into()));
                pairs.push(("Tag.1.Value", format!("team-{}", dice.roll(100))));
            }
            "family" => pairs.push(("ImageFamily", format!("family-{}", dice.roll(25) * 4))),
            "part of a name" => pairs.push(("ImageName", self.part_of_name(dice))),
            "status Creating" => pairs.push(("Status", "Creating,Waiting".into())),
            "every status" => {
                let every = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated";
                pairs.push(("Status", every.into()));
            }
            _ => {}
        }
        pairs
    }

    fn tencent(&self, what: &str, dice: &mut Dice) -> Value {
        let filter =
            |name: &str, value: String| json!({"Filters": [{"Name": name, "Values": [value]}]});
        match what {
            "any page" => json!({"Offset": self.page(1, dice), "Limit": 20}),
            "one id" => json!({"ImageIds": [self.image(dice)]}),
            "part of a name" => filter("image-name", self.part_of_name(dice)),
            "tag" => filter("tag:team", format!("team-{}", dice.roll(100))),
            "platform" => filter("platform", "Windows".into()),
            _ => json!({"Limit": 20}),
        }
    }

    fn jdcloud(&self, what: &str, dice: &mut Dice) -> Vec<(&'static str, String)> {
        if what == "one id" {
            return vec![("ids.1", self.image(dice).to_owned())];
        }
        let mut pairs = vec![("imageSource", "private".to_owned()), ("pageSize", PAGE.to_string())];
        match what {
            "any page" => pairs.push(("pageNumber", (1 + self.page(PAGE, dice)).to_string())),
            "part of a name" => pairs.push(("imageName", self.part_of_name(dice))),
            "status" => pairs.push(("status", "ready".into())),
            _ => {}
        }
        pairs
    }

    fn native(&self, what: &str, dice: &mut Dice) -> (String, Vec<(&'static str, String)>) {
        let mut pairs = vec![("limit", NATIVE_PAGE.to_string())];
        match what {
            "any page" if !self.cursors.is_empty() => {
                pairs.push(("cursor", self.cursors[dice.roll(self.cursors.len())].clone()));
            }
            "name" => pairs
                .push(("name", format!("web-{:06}", dice.roll(self.account.images.len() / 5) * 5))),
            "status" => pairs.push(("status", "available".into())),
            "one image" => return (format!("images/{}", self.image(dice)), Vec::new()),
            "copies" => return ("copies".to_owned(), pairs),
            _ => {}
        }
        ("images".to_owned(), pairs)
    }
}

/// The cursors of all pages of the native list.
async fn walk(client: &Client, at: &Place, account: &Account) -> Result<Vec<String>, Failure> {
    let (mut cursors, mut seen) = (Vec::<String>::new(), 0);
    loop {
        let mut pairs = vec![("limit", WALKED.to_string())];
        pairs.extend(cursors.last().map(|cursor| ("cursor", cursor.clone())));
        let request = sign::native(&account.key, at, "images", &pairs);
        let answer = client.send(request).await.map_err(|what| Failure::Measured { what })?;
        let page: Value = serde_json::from_slice(&answer.body)
            .map_err(|source| Failure::Json { command: "GET images".into(), source })?;
        seen += page["items"].as_array().map_or(0, Vec::len);
        match page["next_cursor"].as_str() {
            Some(cursor) => cursors.push(cursor.to_owned()),
            // The image of the copy that runs meanwhile may be one more.
            None if seen >= account.images.len() => return Ok(cursors),
            None => {
                let what = format!("{seen} of {} images were listed", account.images.len());
                return Err(Failure::Measured { what });
            }
        }
    }
}

/// What every right answer of a class has: how many images there are, where the class always finds the same; else that it found
/// some, or names the field at least.
fn marker(class: &str, text: &str, owned: usize) -> Result<Arc<str>, Failure> {
    let wrong = || {
        let what = format!("{class}: {}", text.chars().take(500).collect::<String>());
        Failure::Measured { what }
    };
    let body: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let (dialect, what) = class.split_once(", ").unwrap_or((class, ""));
    let (name, total) = match dialect {
        "alibaba" => ("TotalCount", body["TotalCount"].as_u64()),
        "tencent" => ("TotalCount", body["Response"]["TotalCount"].as_u64()),
        "jdcloud" => ("totalCount", body["result"]["totalCount"].as_u64()),
        _ if what == "one image" => return Ok("\"id\":\"img-".into()),
        _ => return Ok("\"items\":[".into()),
    };
    let total = total.ok_or_else(wrong)?;
    let is_all = matches!(what, "every status") || (dialect != "alibaba" && what == "first page");
    if is_all && total < owned as u64 {
        return Err(wrong());
    }
    match what {
        "first page" | "any page" | "every status" | "one id" | "five ids" | "status" => {
            Ok(format!("\"{name}\":{total}").into())
        }
        _ => Ok(format!("\"{name}\":").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_is_whole() {
        assert_eq!(MIX.iter().map(|(_, share)| share).sum::<u32>(), 100);
    }
}
