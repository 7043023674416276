//! A client of the AWS KMS wire API: makes, wraps and opens data keys under keys that never leave the service.
//!
//! Four actions (Encrypt, Decrypt, GenerateDataKey, DescribeKey) as JSON 1.1 over HTTPS, signed with Signature Version 4.
//! Every wrapped key is bound to where it belongs by an encryption context, so that it opens in its own place only. The
//! caller repeats what failed for a while ([`KmsFault::retry`]); in here nothing is tried again but one request whose
//! connection broke before an answer. It must not keep a plaintext key, or know images, copies or catalogs.
//!
//! Plaintext keys lie in buffers that are wiped when they go: the request, the answer, the key itself. What TLS and the
//! HTTP library hold while they read and write is theirs and is not wiped.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod client;
mod context;
mod fault;
mod keys;
mod link;
mod options;
mod ring;
mod secret;
mod sign;
mod verdict;
mod wire;

pub use client::{AwsKms, Generated, KeyDescription};
pub use context::KeyContext;
pub use fault::{Action, Breach, KmsFault};
pub use keys::AwsKeys;
pub use options::{AwsKmsOptions, OptionsFault};
pub use ring::AwsKeyRing;
pub use secret::{MAX_WRAPPED_BYTES, SecretText, WrappedKey};
