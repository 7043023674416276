//! Chunks and disk trees at rest: put, get, missing, sweep, scrub. Knows no images, accounts' names, regions or HTTP.
