//! Scenarios: two or three regions in one process, a clock that stands still, every step by hand.

mod access_keys;
mod accounts;
mod admission;
mod audit;
mod cancel;
mod commands;
mod deletion;
mod driver_steps;
mod encryption;
mod estimates;
mod faults;
mod key_races;
mod lateness;
mod lifecycle;
mod local_images;
mod queue;
mod races;
mod sharing;
mod ticket_races;
mod tickets;
mod unreliable;
mod usage;
