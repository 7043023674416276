//! Every bad image of the published list that concerns these formats, made from a seed.

pub mod containers;
pub mod qcow2;
pub mod vhd;
pub mod vmdk;

use disk::Declared;

/// One bad file and the code it must be refused with.
pub struct Case {
    /// The published id, as `bad-05`.
    pub id: &'static str,
    pub name: String,
    pub bytes: Vec<u8>,
    pub declared: Declared,
    pub code: &'static str,
}

impl Case {
    pub fn new(
        id: &'static str,
        name: impl Into<String>,
        code: &'static str,
        bytes: Vec<u8>,
    ) -> Case {
        Case { id, name: name.into(), bytes, declared: Declared::Auto, code }
    }
}

pub const MALFORMED: &str = "MalformedImage";
pub const UNSUPPORTED: &str = "UnsupportedImage";
