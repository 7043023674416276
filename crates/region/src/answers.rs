//! Stored answers: in dialects in which the same request may come again, one that changed something gets its answer back
//! (api-03).

use catalog::StoredAnswer;

use crate::deployment::Accounts;
use crate::refused::RegionFault;

impl Accounts {
    /// What the request of this digest was answered, in whatever process of the deployment; none once that has expired.
    pub async fn answer_of(&self, digest: &[u8; 32]) -> Result<Option<StoredAnswer>, RegionFault> {
        Ok(self.nonces.answer_of(digest, self.clock.now()).await?)
    }

    /// Keeps what a request was answered, for so many milliseconds from now. Where another answer was kept meanwhile, that one
    /// stays. A body of more than 256 KiB is a fault, and not kept.
    pub async fn keep_answer(
        &self,
        digest: &[u8; 32],
        answer: StoredAnswer,
        kept_ms: i64,
    ) -> Result<(), RegionFault> {
        let now = self.clock.now();
        self.nonces.keep_answer(digest, &answer, (now, now.plus_ms(kept_ms))).await?;
        Ok(())
    }
}
