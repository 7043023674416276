//! Scenarios: two or three regions in one process, a clock that stands still, every step by hand.

mod admission;
mod cancel;
mod deletion;
mod driver_steps;
mod encryption;
mod faults;
mod lifecycle;
mod queue;
mod races;
mod unreliable;
