//! What callers give with a request that makes or changes an image: names and descriptions. The cloud's own rules for them are
//! here, those that Ferry has for everyone in `model`.

use model::{Description, Field, FieldRefusal, Name, Rejection};

use super::call::Call;
use super::error::ApiError;
use super::rejection::{Context, of_rejection};

/// The longest name, in characters.
const LONGEST_NAME: usize = 32;

/// A name: at most 32 letters, digits, `_`, `-` and `.`.
pub(super) fn name(
    call: &Call,
    parameter: &'static str,
    context: Context,
) -> Result<Option<Name>, ApiError> {
    let Some(text) = call.params.text(parameter)? else { return Ok(None) };
    let name = read_name(text);
    name.map(Some).map_err(|rejection| of_rejection(&rejection, context))
}

fn read_name(text: &str) -> Result<Name, Rejection> {
    let name = Name::new(text)?;
    let length = name.as_str().chars().count();
    let legal = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let refused = |refusal| Err(Rejection::field(Field::Name, refusal));
    if length > LONGEST_NAME {
        return refused(FieldRefusal::Length { length, min: 2, max: LONGEST_NAME });
    }
    match name.as_str().chars().find(|c| !legal(c)) {
        Some(character) => refused(FieldRefusal::Character { character }),
        None => Ok(name),
    }
}

/// A description of 256 characters at most. One of none is given too: it takes the old one away.
pub(super) fn description(call: &Call, context: Context) -> Result<Option<Description>, ApiError> {
    let description = call.params.told("description")?.map(Description::new).transpose();
    description.map_err(|rejection| of_rejection(&rejection, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contract 1: the characters of names, and 32 of them at most.
    #[test]
    fn names_keep_the_clouds_bounds() {
        let (long, too_long) = ("镜".repeat(32), "镜".repeat(33));
        for good in ["1a", "测试镜像.副本_1", "20261122-web", "_a", long.as_str()] {
            assert!(read_name(good).is_ok(), "{good}");
        }
        for wrong in [
            "a",
            "a b",
            "a:b",
            "a+b",
            "a😀",
            "-a",
            "a/b",
            "a\u{202e}b",
            "http://a",
            "",
            too_long.as_str(),
        ] {
            assert!(read_name(wrong).is_err(), "{wrong}");
        }
    }
}
