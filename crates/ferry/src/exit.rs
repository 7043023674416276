//! Exit codes, and the one place that says which refusal has which.

use std::process::ExitCode;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done,
    /// It failed.
    Failed,
    /// The request itself was wrong.
    Usage,
    /// Some of what was asked was done.
    Partly,
    /// Something named does not exist.
    NotFound,
    /// Understood and refused.
    Refused,
    /// The access key is missing, unknown or wrong.
    NotAuthorised,
    /// The time to wait was over before the copies ended.
    TimedOut,
}

impl Exit {
    /// The number that a shell sees. Numbers never change meaning.
    pub fn number(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partly => 3,
            Exit::NotFound => 4,
            Exit::Refused => 5,
            Exit::NotAuthorised => 6,
            Exit::TimedOut => 7,
        }
    }

    /// The exit of a problem. The status says nearly all, so a code that this version does not know ends like its
    /// siblings; a request that is well formed and breaks a rule is refused.
    pub fn of_problem(status: u16, code: &str) -> Exit {
        match (status, code) {
            (
                400,
                "same_region" | "too_many_targets" | "too_many_images" | "too_many_disks"
                | "too_many_tags",
            ) => Exit::Refused,
            (400, "shared_with_self")
            | (
                403,
                "public_not_copied"
                | "marketplace_not_copied"
                | "shared_not_copied"
                | "image_not_yours",
            ) => Exit::Refused,
            (status, _) => Exit::of_status(status),
        }
    }

    fn of_status(status: u16) -> Exit {
        match status {
            200..=299 => Exit::Done,
            400 | 422 => Exit::Usage,
            401 | 403 => Exit::NotAuthorised,
            404 => Exit::NotFound,
            409 | 410 | 413 | 421 | 429 => Exit::Refused,
            _ => Exit::Failed,
        }
    }

    /// The exit of several answers to one request: the first refusal's where none was done, else whole or partly.
    pub fn of_parts(parts: &[Exit]) -> Exit {
        let worst = parts.iter().copied().find(|part| *part != Exit::Done);
        match worst {
            None => Exit::Done,
            Some(refusal) if parts.iter().all(|part| *part != Exit::Done) => refusal,
            Some(_) => Exit::Partly,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_published_ones() {
        let all = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Partly,
            Exit::NotFound,
            Exit::Refused,
            Exit::NotAuthorised,
            Exit::TimedOut,
        ];
        assert_eq!(all.map(Exit::number), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn statuses_end_as_published() {
        let table = [
            (200, Exit::Done),
            (207, Exit::Done),
            (400, Exit::Usage),
            (401, Exit::NotAuthorised),
            (404, Exit::NotFound),
            (409, Exit::Refused),
            (421, Exit::Refused),
            (500, Exit::Failed),
            (503, Exit::Failed),
        ];
        for (status, exit) in table {
            assert_eq!(Exit::of_problem(status, "x"), exit, "{status}");
        }
        assert_eq!(Exit::of_problem(400, "same_region"), Exit::Refused);
    }

    /// R003-8: several targets, each told apart.
    #[test]
    fn some_done_and_some_not_is_partly_done() {
        assert_eq!(Exit::of_parts(&[Exit::Done, Exit::Done]), Exit::Done);
        assert_eq!(Exit::of_parts(&[Exit::Done, Exit::NotFound]), Exit::Partly);
        assert_eq!(Exit::of_parts(&[Exit::NotFound, Exit::Refused]), Exit::NotFound);
    }
}
