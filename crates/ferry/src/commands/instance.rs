//! `ferry instance`.

use api::native::wire::{Instance, InstanceImage, InstanceRequest};
use reqwest::Method;

use super::Session;
use crate::cli::InstanceCommand;
use crate::client::{Body, Call};
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: InstanceCommand) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        InstanceCommand::Create { name, image, region } => {
            let region = client.region(region.as_ref()).await?;
            let image = client.image_id(&region, &image).await?;
            let body = Body::json(&InstanceRequest { name: name.to_string(), image });
            let path = format!("/v1/regions/{region}/instances");
            let instance: Instance = client
                .ask(Call::new("register the instance", Method::POST, path).with(body))
                .await?;
            session.output.one(&instance);
        }
        InstanceCommand::List { region } => {
            let region = client.region(region.as_ref()).await?;
            let path = format!("/v1/regions/{region}/instances");
            let instances: Vec<Instance> =
                client.list("list the instances", &path, &[], None).await?;
            session.output.list(&instances);
        }
        InstanceCommand::Delete { instance, region } => {
            let region = client.region(region.as_ref()).await?;
            let path = format!("/v1/regions/{region}/instances/{instance}");
            client.ask_bytes(Call::new("delete the instance", Method::DELETE, path)).await?;
            session.output.done(&format!("deleted {instance}"), instance.as_str());
        }
        InstanceCommand::ChangeDisk { instance, image, region } => {
            let region = client.region(region.as_ref()).await?;
            let image = client.image_id(&region, &image).await?;
            let path = format!("/v1/regions/{region}/instances/{instance}/image");
            let body = Body::json(&InstanceImage { image: image.clone() });
            client
                .ask_bytes(Call::new("change the instance's disk", Method::PUT, path).with(body))
                .await?;
            session.output.done(&format!("{instance} uses {image}"), instance.as_str());
        }
    }
    Ok(())
}
