//! Reading and checking of requests, apart from what they ask.

mod listed;
mod mutations;
mod normal_form;
mod properties;
mod readings;
mod vectors;
