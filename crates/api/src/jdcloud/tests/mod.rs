//! Reading and checking of requests, apart from what they ask.
