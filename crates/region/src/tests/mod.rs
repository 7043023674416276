//! Scenarios: two or three regions in one process, a clock that stands still, every step by hand.

mod admission;
mod cancel;
mod deletion;
mod driver_steps;
mod encryption;
mod estimates;
mod faults;
mod key_races;
mod lateness;
mod lifecycle;
mod queue;
mod races;
mod ticket_races;
mod tickets;
mod unreliable;
mod usage;
