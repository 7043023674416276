//! A service with many images: some made through its doors, and many more of the same contents written into its catalog while it
//! stands still.

use std::path::PathBuf;

use super::sign::{Key, Place};
use crate::bench::service::{SOURCE, Service, TARGET};
use crate::bench::{Bench, disks};
use crate::failure::Failure;
use crate::{project, run};

/// Images of each account beside the first: far fewer than the first has.
const OTHERS_IMAGES: usize = 1_000;
/// Accounts beside the first.
const OTHERS: usize = 3;
/// Images of the first account that each other account sees, and that everybody sees.
const SHARED: usize = 10;
const PUBLIC: usize = 10;
/// More than any account here will have.
const QUOTA: &str = "1000000";

/// An account, its key and its images.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// A key of one of its users.
    pub key: Key,
    /// Its images in the source region, the oldest first.
    pub images: Vec<String>,
    /// Those of them that can be copied, because they are not deprecated.
    pub current: Vec<String>,
}

/// A service with images, and who has them.
pub struct World {
    /// The service.
    pub service: Service,
    /// The first has most of the images.
    pub accounts: Vec<Account>,
}

impl World {
    /// A service whose first account has `images` images in the source region.
    pub fn with_images(bench: &Bench, images: usize) -> Result<World, Failure> {
        let seeder = seeder()?;
        let mut service = Service::start(bench)?;
        let mut accounts = vec![first_account(&service)?];
        for number in 1..=OTHERS {
            accounts.push(new_account(&service, &format!("team-{number}"))?);
        }
        let folder = bench.folder()?;
        let file = folder.path().join("small.raw");
        for (number, account) in accounts.iter_mut().enumerate() {
            disks::small(&file, number)?;
            let name = format!("first-{number}");
            let words = ["--name", &name, "--region", SOURCE, "--format", "raw", "-o", "id"];
            let mut import = service.command(&["image", "import"]);
            as_account(import.arg(&file).args(words), account);
            account.images.push(run::read(&mut import)?.trim().to_owned());
        }
        service.restart(|data| {
            let catalog = data.join("regions").join(SOURCE).join("catalog.db");
            let counts = [images].into_iter().chain([OTHERS_IMAGES.min(images); OTHERS]);
            for (seed, (account, count)) in accounts.iter_mut().zip(counts).enumerate() {
                seed_images(
                    std::process::Command::new(&seeder).arg(&catalog),
                    (account, count - 1),
                    seed,
                )?;
            }
            Ok(())
        })?;
        let world = World { service, accounts };
        world.show_some()?;
        for account in &world.accounts {
            for (region, kind) in
                [(SOURCE, "image"), (SOURCE, "snapshot"), (TARGET, "image"), (TARGET, "snapshot")]
            {
                let words = ["quota", "set", kind, QUOTA, "--region", region, "--account"];
                world.service.json(&[&words[..], &[account.id.as_str()]].concat())?;
            }
        }
        Ok(world)
    }

    /// Lets others see a few images of the first account.
    fn show_some(&self) -> Result<(), Failure> {
        // Every tenth: none of them is deprecated.
        let images = self.accounts[0].images.iter().step_by(10);
        for (place, image) in images.take(SHARED + PUBLIC).enumerate() {
            let others: Vec<&str> = self.accounts[1..].iter().map(|one| one.id.as_str()).collect();
            if place < SHARED {
                let others = others.join(",");
                let words = ["image", "share", image, "--region", SOURCE, "--with", &others];
                run::read(&mut self.service.command(&words))?;
            } else {
                let words = ["image", "publish", image, "--region", SOURCE, "--as", "public"];
                run::read(&mut self.service.command(&words))?;
            }
        }
        Ok(())
    }

    /// Where requests for a region go.
    pub fn place(&self, region: &str) -> Place {
        Place { host: self.service.address().to_string(), region: region.to_owned() }
    }
}

fn text(table: &toml::Table, name: &str) -> Result<String, Failure> {
    let found = table.get(name).and_then(toml::Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Failure::NoField { command: "profile.toml".into(), field: name.to_owned() })
}

fn first_account(service: &Service) -> Result<Account, Failure> {
    let profile = service.profile()?;
    let key =
        Key { id: text(&profile, "access_key_id")?, secret: text(&profile, "access_key_secret")? };
    let id = service.id(&["account", "list"])?;
    Ok(Account { id, key, images: Vec::new(), current: Vec::new() })
}

fn new_account(service: &Service, name: &str) -> Result<Account, Failure> {
    let id = service.id(&["account", "create", name])?;
    let user = service.id(&["user", "create", name, "--account", &id])?;
    let made = service.json(&["key", "create", "--user", &user])?;
    let field = |names: &[&str]| {
        let found = names.iter().find_map(|name| made[*name].as_str().map(str::to_owned));
        found.ok_or_else(|| Failure::NoField {
            command: "ferry key create".into(),
            field: names[0].to_owned(),
        })
    };
    let key = Key { id: field(&["id", "access_key_id"])?, secret: field(&["secret"])? };
    Ok(Account { id, key, images: Vec::new(), current: Vec::new() })
}

fn as_account(command: &mut std::process::Command, account: &Account) {
    command
        .env("FERRY_ACCESS_KEY_ID", &account.key.id)
        .env("FERRY_ACCESS_KEY_SECRET", &account.key.secret);
}

/// Writes as many more images as the account is to have, each with the contents of its first.
fn seed_images(
    seeder: &mut std::process::Command,
    (account, count): (&mut Account, usize),
    seed: usize,
) -> Result<(), Failure> {
    seeder.args([&account.id, &account.images[0]]);
    let printed = run::read(seeder.args([count.to_string(), (seed + 1).to_string()]))?;
    let first = account.images.pop();
    let is_current = |line: &&str| !line.contains(' ');
    account.current = printed.lines().filter(is_current).map(str::to_owned).collect();
    let ids = printed.lines().filter_map(|line| line.split(' ').next());
    account.images = ids.map(str::to_owned).collect();
    account.images.extend(first);
    Ok(())
}

/// What writes images into a catalog: the program that `BENCH_SEEDER` names, which must be of the same version as the service,
/// else this checkout's.
fn seeder() -> Result<PathBuf, Failure> {
    if let Some(file) = std::env::var_os("BENCH_SEEDER") {
        return Ok(PathBuf::from(file));
    }
    let words = ["build", "--release", "-p", "catalog", "--example", "seed_images"];
    run::run(run::cargo().current_dir(project::root()).args(words))?;
    Ok(project::target().join("release/examples/seed_images"))
}
