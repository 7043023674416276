//! The doors: the native API and the peer protocol. Reaches no further than region.
