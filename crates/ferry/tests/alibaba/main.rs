//! The cloud's own SDKs, as its makers publish them, against a real service: the older one for Python, which signs parameters,
//! and the newer one, which signs requests or parameters. Each file `*.py` beside this is a story with its assertions. The one
//! for JavaScript has a story of its own.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../ecs/mod.rs"]
mod ecs;
#[path = "../stories/mod.rs"]
mod stories;
#[path = "../wire/mod.rs"]
mod wire;
#[path = "../world/mod.rs"]
mod world;

mod javascript;
mod replays;
mod scene;

use scene::STAGE;
use stories::stories;

stories! {
    STAGE;
    /// R000-1, R000-6, R000-10, R000-11: copied, waited for, repeated, cancelled.
    "copying": r000_11_the_older_client_copies_images = "venv" "older",
        r000_11_the_newer_client_copies_images = "venv" "newer",
        r000_11_the_newer_client_copies_images_under_the_older_signature = "venv" "newer-v1";
    /// R000-11, R004-9, R004-10: described, tagged, shared, used, deleted; snapshots.
    "keeping": r000_11_the_older_client_keeps_images = "venv" "older",
        r000_11_the_newer_client_keeps_images = "venv" "newer",
        r000_11_the_newer_client_keeps_images_under_the_older_signature = "venv" "newer-v1";
    /// Errors as the clients read them: codes, statuses, and what they make of a wrong secret.
    "refusals": api_01_the_older_client_is_told_what_is_wrong = "venv" "older",
        api_01_the_newer_client_is_told_what_is_wrong = "venv" "newer",
        api_01_the_newer_client_is_told_what_is_wrong_under_the_older_signature = "venv" "newer-v1";
    /// What the older client alone can send: XML, GET, parameters in a body, one nonce twice.
    "spellings": api_03_the_older_client_sends_what_it_can = "venv" "older";
}
