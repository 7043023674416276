//! How many pages are watched at once: each costs a look a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::UserId;

/// Pages that one user may watch at once: a browser opens six connections to a host, and somebody may have a few browsers.
const OF_ONE_USER: usize = 16;

/// The pages that are watched.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<Option<UserId>, usize>>>);

/// One watched page's place, given back when it ends.
pub(crate) struct Place {
    streams: Streams,
    user: Option<UserId>,
}

impl Streams {
    /// A place for one more page of a user; none where there is none.
    pub(crate) fn enter(&self, user: Option<UserId>) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user.clone()).or_default();
        if *count >= OF_ONE_USER {
            return None;
        }
        *count += 1;
        Some(Place { streams: self.clone(), user })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_watches_some_pages_and_no_more() {
        let streams = Streams::default();
        let user = |n: u8| Some(UserId::from_random(|| n));
        let mut places: Vec<_> =
            (0..OF_ONE_USER).map(|_| streams.enter(user(1)).unwrap()).collect();
        assert!(streams.enter(user(1)).is_none());
        assert!(streams.enter(user(2)).is_some(), "another user has places of its own");
        places.pop();
        assert!(streams.enter(user(1)).is_some());
        drop(places);
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
