//! Copies of several images that are promised all or none.

use crate::commands::{Caller, CopyImage, Intent};
use crate::refused::Refused;
use crate::region::Region;
use crate::request::ImageAnswer;

impl Region {
    /// Asks for copies of several images at once, all or none (R002-1): everything is judged first, here and in the targets,
    /// and then promised. The answers hold only promises.
    pub async fn copy_images_together(
        &self,
        caller: &Caller,
        commands: Vec<CopyImage>,
    ) -> Result<Vec<ImageAnswer>, Refused> {
        let dry = Caller { intent: Intent::Rehearse, ..caller.clone() };
        match self.copy_images(&dry, commands.clone()).await {
            Ok(_) | Err(Refused::Rehearsed) => {}
            Err(refused) => return Err(refused),
        }
        let mut together = Vec::with_capacity(commands.len());
        for image in self.copy_images(caller, commands).await? {
            let mut answers = Vec::with_capacity(image.answers.len());
            for answer in image.answers {
                let target = answer.target;
                answers.push(crate::request::TargetAnswer { target, answer: Ok(answer.answer?) });
            }
            together.push(ImageAnswer { image: image.image, answers });
        }
        Ok(together)
    }
}
