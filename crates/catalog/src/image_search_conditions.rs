//! What searches ask for in tests: each condition in a few forms.

use model::{
    Architecture, BootMode, Copying, ImageId, ImageKind, ImageSearch, NamePattern, OsType, PageOf,
    Sharing, SnapshotId, Standing, Storage, TagWanted, Timestamp, Usage,
};

use crate::image_search_world::{Known, family};
use crate::sample::account;

/// A condition, with what it is about.
type About = (&'static str, ImageSearch);

fn none() -> ImageSearch {
    ImageSearch::default()
}

/// Each condition in a few forms.
pub(crate) fn conditions(all: &[Known]) -> Vec<About> {
    let places = of_places(all).into_iter().chain(of_texts(all));
    let all = places.chain(of_names()).chain(of_tags()).chain(of_machines()).chain(of_uses());
    all.chain(of_ways()).collect()
}

fn of_places(all: &[Known]) -> Vec<About> {
    let id = |n: usize| all[n].row.id.clone();
    let kept = |value: &str| vec![("a.b-c".to_owned(), value.to_owned())];
    vec![
        ("ids", ImageSearch { ids: vec![id(1), id(7), id(62), id(70), id(90)], ..none() }),
        ("ids", ImageSearch { ids: vec![ImageId::from_random(|| 35)], ..none() }),
        ("snapshot", ImageSearch { snapshot: all[11].snapshot.clone(), ..none() }),
        ("snapshot", ImageSearch { snapshot: Some(SnapshotId::from_random(|| 35)), ..none() }),
        ("created_from", ImageSearch { created_from: Some(Timestamp(1_010)), ..none() }),
        ("created_until", ImageSearch { created_until: Some(Timestamp(1_010)), ..none() }),
        ("particulars", ImageSearch { particulars: kept("x"), ..none() }),
        ("particulars", ImageSearch { particulars: kept("'y\""), ..none() }),
    ]
}

/// What people type, and what they would to harm.
fn of_texts(all: &[Known]) -> Vec<About> {
    let id = all[20].row.id.as_str();
    let texts = [
        "",
        "WEB-1",
        "b:wEb",
        "字-W",
        "a_b",
        "web",
        "same",
        "env",
        "PRO",
        "env=prod",
        "Team=",
        "env=pro",
        "it's",
        "ENV=IT'S",
        "字",
        "owner=字",
        "=",
        "i",
        "img",
        "img-",
        "%",
        "_",
        "\"",
        "\\",
        "*",
        "%' OR 1=1 --",
        "a_b\u{202e}",
        "\u{5d0}\u{5d1}",
        "\0web",
        "web\0",
        "É",
        "e\u{301}",
    ];
    let of_ids = [&id[..6], &id[4..6], &id[4..], id].map(str::to_owned);
    let raised = [id.to_ascii_uppercase(), format!("{id}a"), format!("img-{id}")];
    let long = ["web-".repeat(64), "web-".repeat(65), "%".repeat(10_240), "é".repeat(10_240)];
    let texts = texts.map(str::to_owned).into_iter().chain(of_ids).chain(raised).chain(long);
    texts.map(|text| ("text", ImageSearch { text: Some(text), ..none() })).collect()
}

fn of_names() -> Vec<About> {
    let exactly = |name: &str| NamePattern::Exactly(name.to_owned());
    let holding = |part: &str| NamePattern::Holding(part.to_owned());
    let like = |form: &str| NamePattern::Like(form.to_owned());
    let endless = || NamePattern::Like("*e".repeat(1_000));
    let names = [
        vec![exactly("same")],
        vec![exactly("Same")],
        vec![holding("web-1")],
        vec![holding("Web")],
        vec![holding("%' OR 1=1 --")],
        vec![like("*web*1")],
        vec![like("字**-web-*")],
        vec![like("same")],
        vec![like("*")],
        vec![like("?am[e]")],
        vec![endless()],
        vec![exactly("same"), exactly("web-1\""), exactly("a_b-4")],
        vec![exactly("same"), holding("a_b")],
        vec![holding("字"), endless()],
    ];
    let families =
        ["web", "WEB"].map(|name| ("family", ImageSearch { family: Some(family(name)), ..none() }));
    names
        .map(|names| ("name", ImageSearch { names, ..none() }))
        .into_iter()
        .chain(families)
        .collect()
}

fn of_tags() -> Vec<About> {
    let tag = |key: &str, value: Option<&str>| TagWanted::pair(key, value.map(str::to_owned));
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let of_keys =
        |keys: &[&str], values: &[&str]| TagWanted { keys: texts(keys), values: texts(values) };
    let values = |key: Option<&str>, values: &[&str]| TagWanted {
        keys: key.map(str::to_owned).into_iter().collect(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let wanted = [
        vec![tag("env", None)],
        vec![tag("env", Some("it's"))],
        vec![tag("env", None), tag("team", Some(""))],
        vec![tag("env", None), tag("absent", None)],
        vec![values(Some("env"), &["it's", "prod", "\""])],
        vec![values(None, &["字"])],
        vec![values(None, &["it's", "字", "\"]"])],
        vec![values(None, &[])],
        vec![values(None, &[""]), values(None, &["prod"])],
        vec![values(None, &["字"]), tag("env", None)],
        vec![of_keys(&["env", "team"], &[])],
        vec![of_keys(&["team", "absent", "it's"], &["", "prod"])],
        vec![of_keys(&["env", "team"], &[]), tag("env", None)],
    ];
    wanted.map(|tags| ("tags", ImageSearch { tags, ..none() })).into()
}

fn of_machines() -> Vec<About> {
    let platforms = [
        NamePattern::Exactly("Debian 12".into()),
        NamePattern::Exactly(String::new()),
        NamePattern::Holding("12".into()),
        NamePattern::Like("Windows*2*".into()),
        NamePattern::Holding("e".repeat(65)),
    ];
    let several = [
        vec![platforms[0].clone(), platforms[3].clone()],
        vec![platforms[0].clone(), platforms[1].clone()],
        vec![platforms[4].clone(), platforms[2].clone()],
    ];
    let platforms = platforms.map(|one| vec![one]).into_iter().chain(several);
    let platforms = platforms.map(|platforms| ("platform", ImageSearch { platforms, ..none() }));
    let mut found = vec![
        ("architecture", ImageSearch { architecture: Some(Architecture::Arm64), ..none() }),
        ("os_type", ImageSearch { os_type: Some(OsType::Windows), ..none() }),
        ("boot_mode", ImageSearch { boot_mode: Some(BootMode::Uefi), ..none() }),
        ("boot_mode", ImageSearch { boot_mode: Some(BootMode::Bios), ..none() }),
        ("storage", ImageSearch { storage: Some(Storage::LocalFile), ..none() }),
        ("storage", ImageSearch { storage: Some(Storage::Snapshots), ..none() }),
    ];
    found.extend(platforms);
    found
}

fn of_uses() -> Vec<About> {
    vec![
        ("usage", ImageSearch { usage: Some(Usage::Used), ..none() }),
        ("usage", ImageSearch { usage: Some(Usage::Unused), ..none() }),
        ("sharing", ImageSearch { sharing: Some(Sharing::Nobody), ..none() }),
        ("sharing", ImageSearch { sharing: Some(Sharing::Some), ..none() }),
        ("copying", ImageSearch { copying: Some(Copying::Leaving), ..none() }),
        ("copying", ImageSearch { copying: Some(Copying::Still), ..none() }),
    ]
}

/// How images are seen, whose they are and how they stand.
fn of_ways() -> Vec<About> {
    let mut found = Vec::new();
    for n in 1..=4 {
        found.push(("owner", ImageSearch { owner: Some(account(n)), ..none() }));
    }
    let kinds = ImageKind::ALL;
    for kind in kinds {
        found.push(("seen_as", ImageSearch { seen_as: vec![*kind], ..none() }));
    }
    found.push(("seen_as", ImageSearch { seen_as: vec![kinds[0], kinds[1]], ..none() }));
    for one in Standing::ALL {
        found.push(("standings", ImageSearch { standings: vec![*one], ..none() }));
    }
    let making = vec![Standing::Creating, Standing::Waiting];
    found.push(("standings", ImageSearch { standings: making, ..none() }));
    let polled = vec![Standing::Available, Standing::Creating, Standing::CreateFailed];
    found.push(("standings", ImageSearch { standings: polled, ..none() }));
    found
}

/// Both at once; they are about different things.
pub(crate) fn both(one: &ImageSearch, other: &ImageSearch) -> ImageSearch {
    ImageSearch {
        seen_as: [&one.seen_as[..], &other.seen_as[..]].concat(),
        ids: [&one.ids[..], &other.ids[..]].concat(),
        names: [&one.names[..], &other.names[..]].concat(),
        family: one.family.clone().or_else(|| other.family.clone()),
        standings: [&one.standings[..], &other.standings[..]].concat(),
        tags: [&one.tags[..], &other.tags[..]].concat(),
        snapshot: one.snapshot.clone().or_else(|| other.snapshot.clone()),
        architecture: one.architecture.or(other.architecture),
        os_type: one.os_type.or(other.os_type),
        platforms: [&one.platforms[..], &other.platforms[..]].concat(),
        boot_mode: one.boot_mode.or(other.boot_mode),
        storage: one.storage.or(other.storage),
        sharing: one.sharing.or(other.sharing),
        copying: one.copying.or(other.copying),
        usage: one.usage.or(other.usage),
        owner: one.owner.clone().or_else(|| other.owner.clone()),
        created_from: one.created_from.or(other.created_from),
        created_until: one.created_until.or(other.created_until),
        particulars: [&one.particulars[..], &other.particulars[..]].concat(),
        text: one.text.clone().or_else(|| other.text.clone()),
        order: one.order,
        page: PageOf { offset: 0, limit: 1_000 },
    }
}
