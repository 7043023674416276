//! `ferry demo`: the whole service and its main job, once, on real data, by the same code as every other command.

mod disk_image;
mod files;
mod story;

use std::path::PathBuf;

use crate::cli::{DemoArgs, Globals, LogFormat, OutputFormat};
use crate::client::Client;
use crate::commands::{Session, console_address};
use crate::failure::Failure;
use crate::output::{Output, print};
use crate::profile::Profile;
use crate::progress::Showing;
use crate::serve::{Config, Service};
use crate::settings::{AccessKey, Settings, profile_place};
use crate::signals::Interrupts;

/// Shows it.
pub async fn demo(args: &DemoArgs, globals: &Globals) -> Result<(), Failure> {
    let temporary = tempfile::Builder::new().prefix("ferry-demo-").tempdir().map_err(|source| {
        Failure::File { doing: "make a folder in", path: std::env::temp_dir(), source }
    })?;
    let data = args.data.clone().unwrap_or_else(|| temporary.path().join("data"));
    let config = Config { listen: args.listen, ..Config::default() };
    crate::serve::log_warnings(LogFormat::Text);
    let service = Service::start(&config, &data).await?;
    let told = tell(args, globals, &service, temporary.path().join("work")).await;
    service.stop().await;
    told
}

async fn tell(
    args: &DemoArgs,
    globals: &Globals,
    service: &Service,
    work: PathBuf,
) -> Result<(), Failure> {
    let key = find_key(service, globals).await?;
    let settings = Settings { endpoint: service.endpoint(), key: key.clone(), region: None };
    let output = Output { format: OutputFormat::Table };
    let session = Session { client: Client::new(settings)?, output, showing: Showing::of(globals) };
    let story = story::Story {
        session: &session,
        work,
        image: args.image.clone(),
        regions: Config::default().regions,
    };
    // One for all that follows: what comes between the story's end and the wait behind it is heard too.
    let mut interrupts = Interrupts::listen();
    tokio::select! {
        told = story.tell() => told?,
        () = interrupts.next() => return Err(Failure::Interrupted { left: "the demonstration is over".to_owned() }),
    }
    if args.once {
        return Ok(());
    }
    let console = console_address(&session.client).await?;
    print(&format!("\nOpen the console, signed in: {}", console.address));
    stay(args, globals, service, &key, &mut interrupts).await
}

/// The key of a new folder, else the profile's, where that is one of this folder.
async fn find_key(service: &Service, globals: &Globals) -> Result<AccessKey, Failure> {
    if let Some(key) = service.first_key() {
        return Ok(AccessKey { id: key.id.clone(), secret: key.secret.clone() });
    }
    let given = (globals.access_key_id.clone(), globals.access_key_secret.clone());
    let profile = match given {
        (Some(id), Some(secret)) => Some(Profile {
            access_key_id: Some(id),
            access_key_secret: Some(secret),
            ..Profile::default()
        }),
        (Some(_) | None, _) => {
            profile_place(globals).and_then(|place| Profile::load(&place).ok().flatten())
        }
    };
    match profile {
        Some(profile) if service.knows(&profile).await => {
            let (id, secret) = (
                profile.access_key_id.unwrap_or_default(),
                profile.access_key_secret.unwrap_or_default(),
            );
            Ok(AccessKey { id, secret })
        }
        Some(_) | None => Err(Failure::NoKey { endpoint: service.endpoint() }),
    }
}

/// Leaves the service up, with a profile that finds it, and puts the user's own profile back at the end.
async fn stay(
    args: &DemoArgs,
    globals: &Globals,
    service: &Service,
    key: &AccessKey,
    interrupts: &mut Interrupts,
) -> Result<(), Failure> {
    let place = profile_place(globals);
    let before = place.as_ref().and_then(|place| std::fs::read(place).ok());
    if let Some(place) = &place {
        let profile = Profile {
            endpoint: Some(service.endpoint()),
            access_key_id: Some(key.id.clone()),
            access_key_secret: Some(key.secret.clone()),
            region: Some(Config::default().first_region_here()?),
        };
        profile.save(place)?;
        if before.is_some() {
            eprintln!(
                "ferry: profile `{}` names this demonstration until it ends; then yours is put back",
                place.display()
            );
        }
    }
    print(&format!(
        "The service stays up at {} until Ctrl-C. In another terminal:",
        service.endpoint()
    ));
    print("  ferry region list\n  ferry image list --region cn-shanghai\n  ferry copy list");
    print(&format!("  curl -s {}/metrics", service.endpoint()));
    if let Some(data) = &args.data {
        print(&format!("Its data is in {}; `ferry serve --data` goes on with it.", data.display()));
    }
    interrupts.next().await;
    if let Some(place) = place {
        let restored = match before {
            Some(bytes) => std::fs::write(&place, bytes),
            None if args.data.is_some() => Ok(()),
            None => std::fs::remove_file(&place),
        };
        restored.map_err(|source| Failure::File {
            doing: "put back profile",
            path: place,
            source,
        })?;
    }
    Ok(())
}
