//! `ferry serve`: wires regions, accounts and doors together, and runs them until it is asked to stop.

mod config;
mod console;
mod crash_points;
mod data_folder;
mod kms;
mod log;
mod profiles;
mod service;
mod transport;

use std::path::{Path, PathBuf};

pub use config::{Config, RegionConfig};
pub use log::start_quietly as log_warnings;
pub use service::{Service, open};

use crate::cli::{Globals, ServeArgs};
use crate::failure::Failure;
use crate::output::print;
use crate::profile::{Profile, Saved, folder};
use crate::settings::profile_place;
use crate::signals::Interrupts;

/// Runs the service.
pub async fn serve(args: &ServeArgs, globals: &Globals) -> Result<(), Failure> {
    let mut config = match &args.config {
        Some(path) => Config::load(path)?,
        None => Config::default(),
    };
    config.listen = args.listen.unwrap_or(config.listen);
    config.data = args.data.clone().or(config.data);
    log::start(args.log);
    crash_points::check()?;
    let data = config.data.clone().or_else(default_data).ok_or_else(|| Failure::Setting {
        doing: "choose a data folder".to_owned(),
        reason: "neither `--data`, a configuration nor HOME names one".to_owned(),
    })?;
    let first_region = config.first_region_here()?;
    let service = Service::start(&config, &data).await?;
    let mut interrupts = Interrupts::listen();
    announce(&service, &config);
    if let Some(place) = profile_place(globals) {
        keep_profile(&place, &service, first_region).await?;
    }
    // The last line: whoever reads it may ask at once.
    print(&format!("listening on {}", service.endpoint()));
    crash_points::arm()?;
    interrupts.next().await;
    tracing::info!("stopping");
    service.stop().await;
    Ok(())
}

/// The data folder of a user who names none.
pub fn default_data() -> Option<PathBuf> {
    folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("ferry"))
}

fn announce(service: &Service, config: &Config) {
    print(&format!("data folder {}", service.data().display()));
    print(&format!("regions {}", service.regions().join(", ")));
    if let Some(key) = service.first_key() {
        print(&format!("access key id {}", key.id));
        print(&format!("access key secret {}", key.secret));
        print("the secret is shown this once; `ferry key create` makes another");
        let address = config.console.origin().unwrap_or_else(|| service.endpoint());
        print(&format!("console {}/", address.trim_end_matches('/')));
    }
}

/// Lets the command line find this service: writes the profile at the first start, and later follows a changed endpoint
/// where the profile's key is one of ours. A profile of another service is left alone but at the first start.
async fn keep_profile(place: &Path, service: &Service, region: String) -> Result<(), Failure> {
    let old = Profile::load(place).ok().flatten();
    let profile = match (service.first_key(), &old) {
        (Some(key), _) => Profile {
            endpoint: Some(service.endpoint()),
            access_key_id: Some(key.id.clone()),
            access_key_secret: Some(key.secret.clone()),
            region: Some(region),
        },
        (None, Some(old)) if service.knows(old).await => {
            Profile { endpoint: Some(service.endpoint()), ..old.clone() }
        }
        (None, _) => return Ok(()),
    };
    if old.as_ref() == Some(&profile) {
        return Ok(());
    }
    let ours = match &old {
        Some(old) => service.knows(old).await,
        None => true,
    };
    if !ours {
        set_aside(place);
    }
    match profile.save(place)? {
        Saved::Replaced { endpoint } => {
            eprintln!(
                "ferry: profile `{}` named `{endpoint}` and now names `{}`",
                place.display(),
                service.endpoint()
            );
        }
        Saved::Written => print(&format!("profile {}", place.display())),
    }
    Ok(())
}

/// A profile of another service holds a secret that may be nowhere else.
fn set_aside(place: &Path) {
    let aside = place.with_extension("toml.old");
    match std::fs::rename(place, &aside) {
        Ok(()) => {
            eprintln!("ferry: the profile of another service was kept as `{}`", aside.display())
        }
        Err(error) => eprintln!("ferry: the profile of another service could not be kept: {error}"),
    }
}
