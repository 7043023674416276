//! What runs of a cloud's own Terraform provider share, whatever the cloud: the service with what a story needs in it, the folder
//! that commands are given in, the proxy that remembers calls, the kept calls, and playing them again.
#![allow(dead_code)]
#![allow(clippy::disallowed_methods, reason = "a real service is waited for")]

pub mod alibaba;
pub mod recorder;
pub mod replay;
pub mod scene;
pub mod tencent;
pub mod trace;
pub mod workspace;

use scene::Scene;
use trace::Dialect;

/// One story of a provider and the service: the same when its calls are recorded and when they are played again.
pub trait Story: Copy {
    /// How the provider speaks.
    fn dialect(self) -> &'static dyn Dialect;

    /// Its trace's file, from the folder of traces and without the ending: `alibaba/example`.
    fn file(self) -> String;

    /// What stands ready before the provider's first call.
    fn begin(self) -> Scene;
}
