//! `convertImage`: an image on a local disk becomes one on cloud disks, which alone are copied (R002-4).

use region::ConvertImage;
use serde_json::json;

use super::call::{Call, Reply, fields};
use super::rejection::{Context, of_refused};

/// One way: there is none back. Asked again while it runs, the answer is the image that is being made.
pub(super) async fn convert_image(call: &Call) -> Reply {
    let image = call.image(call.id("imageId")?).await?;
    let names = call.profile().names;
    let command = ConvertImage { image, name: None, description: None, names };
    let made = call.region.convert_image(&call.caller, command).await;
    let made = made.map_err(|refused| of_refused(refused, Context::Convert))?;
    Ok(fields(json!({"imageId": super::ids::image(&made.id)})))
}
