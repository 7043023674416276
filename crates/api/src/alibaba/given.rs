//! What callers give with a request that makes or changes something: names, descriptions, tags, tokens. The cloud's own rules
//! for them are here, those that Ferry has for everyone in `model`.

use model::{
    ClientToken, Description, Family, Field, FieldRefusal, Name, Particulars, Rejection, Tags,
};

use super::error::ApiError;
use super::params::Params;
use super::particulars;
use super::rejection::{Context, malformed, of_rejection};

/// What no name and no tag's key may begin with.
const RESERVED: [&str; 2] = ["aliyun", "acs:"];
/// What neither names nor tags may hold.
const SCHEMES: [&str; 2] = ["http://", "https://"];

/// What was given to an operation that makes or changes something.
#[derive(Copy, Clone)]
pub(super) struct Given<'a> {
    /// The request's parameters.
    pub(super) params: &'a Params,
    /// Which operation, for the words of a refusal.
    pub(super) context: Context,
}

impl Given<'_> {
    fn refused(self, rejection: &Rejection) -> ApiError {
        of_rejection(rejection, self.context)
    }

    /// A name; the cloud keeps some beginnings for itself.
    pub(super) fn name(self, parameter: &str) -> Result<Option<Name>, ApiError> {
        let Some(text) = self.params.text(parameter) else { return Ok(None) };
        self.judge_name(Field::Name, text)?;
        Name::plain(text).map(Some).map_err(|rejection| self.refused(&rejection))
    }

    /// A family's name: as any name.
    pub(super) fn family(self, parameter: &str) -> Result<Option<Family>, ApiError> {
        let Some(text) = self.params.text(parameter) else { return Ok(None) };
        self.judge_name(Field::Family, text)?;
        Family::new(text).map(Some).map_err(|rejection| self.refused(&rejection))
    }

    /// The cloud's rules of names beyond those of everyone.
    fn judge_name(self, field: Field, text: &str) -> Result<(), ApiError> {
        let holds = SCHEMES.iter().find(|scheme| text.contains(**scheme));
        let begins = RESERVED.iter().find(|reserved| text.starts_with(**reserved));
        match (holds, begins) {
            (Some(scheme), _) => {
                Err(malformed(field, format!("it contains `{scheme}`"), self.context))
            }
            (None, Some(reserved)) => {
                Err(malformed(field, format!("it begins with `{reserved}`"), self.context))
            }
            (None, None) => Ok(()),
        }
    }

    /// A description of 2 characters or more (R004-7).
    pub(super) fn description(self, parameter: &str) -> Result<Option<Description>, ApiError> {
        let Some(text) = self.params.text(parameter) else { return Ok(None) };
        let length = text.chars().count();
        let long_enough = if length < 2 {
            let refusal = FieldRefusal::Length { length, min: 2, max: Description::MAX };
            Err(Rejection::field(Field::Description, refusal))
        } else {
            Ok(())
        };
        let description = long_enough.and_then(|()| Description::new(text));
        description.map(Some).map_err(|rejection| self.refused(&rejection))
    }

    /// `Tag.N.Key` and `Tag.N.Value`: none, or up to 20; an empty value is legal (R004-9).
    pub(super) fn tags(self) -> Result<Tags, ApiError> {
        let mut pairs = Vec::new();
        for tag in self.params.structs("Tag")? {
            let (key, value) = (tag.text("Key").unwrap_or(""), tag.text("Value").unwrap_or(""));
            self.judge_name(Field::TagKey, key)?;
            if value.starts_with("acs:") {
                return Err(malformed(Field::TagValue, "it begins with `acs:`", self.context));
            }
            if let Some(scheme) = SCHEMES.iter().find(|scheme| value.contains(**scheme)) {
                return Err(malformed(
                    Field::TagValue,
                    format!("it contains `{scheme}`"),
                    self.context,
                ));
            }
            pairs.push((key.to_owned(), value.to_owned()));
        }
        Tags::new(pairs).map_err(|rejection| self.refused(&rejection))
    }

    /// What is kept of an image that Ferry has no use for.
    pub(super) fn particulars(self) -> Result<Particulars, ApiError> {
        let kept = particulars::read(self.params)?;
        Particulars::new(kept).map_err(|rejection| self.refused(&rejection))
    }

    /// What makes the request safe to repeat.
    pub(super) fn token(self) -> Result<Option<ClientToken>, ApiError> {
        let token = self.params.text("ClientToken").map(ClientToken::new).transpose();
        token.map_err(|rejection| self.refused(&rejection))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params::read(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }

    fn code<T>(read: impl Fn(Given<'_>) -> Result<T, ApiError>, name: &str, value: &str) -> String {
        let params = params(&[(name, value)]);
        let given = Given { params: &params, context: Context::Copy };
        read(given).map_or_else(|error| error.code.into_owned(), |_| "ok".to_owned())
    }

    /// R004-6: the cloud's bounds of names: 1, 2, 128, 129, the first character, both schemes, what it keeps for itself.
    #[test]
    fn r004_6_names_keep_the_clouds_bounds() {
        let (long, too_long) = ("a".repeat(128), "a".repeat(129));
        let read = |name: &str| code(|given| given.name("ImageName"), "ImageName", name);
        for good in ["ab", "镜像", "a1.:_-", "Web", "aliyu", "acs", long.as_str()] {
            assert_eq!(read(good), "ok", "{good}");
        }
        let wrong = [
            "a",
            "1a",
            "_a",
            "http://a",
            "https://a",
            "ahttp://a",
            "aliyun-web",
            "acs:web",
            "a/b",
            "a b",
        ];
        for wrong in wrong.into_iter().chain([too_long.as_str()]) {
            assert_eq!(read(wrong), "InvalidImageName.Malformed", "{wrong}");
        }
    }

    /// R004-7: 2 to 256 characters, not beginning with a scheme.
    #[test]
    fn r004_7_descriptions_keep_the_clouds_bounds() {
        let (long, too_long) = ("字".repeat(256), "字".repeat(257));
        let read = |text: &str| code(|given| given.description("D"), "D", text);
        for good in ["ab", "see http://x", "", long.as_str()] {
            assert_eq!(read(good), "ok", "{good}");
        }
        for wrong in ["a", "http://x", "https://x", too_long.as_str()] {
            assert_eq!(read(wrong), "InvalidDescription.Malformed", "{wrong}");
        }
    }

    /// R004-9, api-13: twenty tags are taken, twenty-one refused; a key twice is refused; some keys are the cloud's.
    #[test]
    fn r004_9_tags_keep_the_clouds_bounds() {
        let numbered = |count: usize| {
            let pairs = (1..=count).map(|n| (format!("Tag.{n}.Key"), format!("k{n}")));
            let params = Params::read(pairs).unwrap();
            let given = Given { params: &params, context: Context::Copy };
            given.tags().map(|tags| tags.iter().count()).map_err(|error| error.code)
        };
        assert_eq!(numbered(20), Ok(20));
        assert_eq!(numbered(21).unwrap_err(), "NumberExceed.Tags");
        let of = |pairs: &[(&str, &str)]| {
            let params = params(pairs);
            let given = Given { params: &params, context: Context::Copy };
            given.tags().map_err(|error| error.code.into_owned())
        };
        let empty = of(&[("Tag.1.Key", "k"), ("Tag.1.Value", "")]).unwrap();
        assert_eq!(empty.iter().collect::<Vec<_>>(), [("k", "")]);
        assert_eq!(of(&[("Tag.1.Key", "k"), ("Tag.2.Key", "k")]).unwrap_err(), "Duplicate.TagKey");
        for key in ["", "aliyun", "acs:a", "http://a", "ahttps://a", &"k".repeat(129)] {
            let code = of(&[("Tag.1.Key", key), ("Tag.1.Value", "v")]).unwrap_err();
            assert_eq!(code, "InvalidTagKey.Malformed", "{key}");
        }
        for value in ["acs:a", "http://a", &"v".repeat(129)] {
            let code = of(&[("Tag.1.Key", "k"), ("Tag.1.Value", value)]).unwrap_err();
            assert_eq!(code, "InvalidTagValue.Malformed", "{value}");
        }
    }
}
