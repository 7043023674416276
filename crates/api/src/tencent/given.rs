//! What callers give with a request that makes or changes something: names, descriptions, families, tags. The cloud's own rules
//! for them are here, those that Ferry has for everyone in `model`.

use model::{Description, Family, Field, FieldRefusal, Name, Tags};

use super::error::ApiError;
use super::params::Params;
use super::rejection::{Context, malformed, of_rejection, too_long};

/// The longest name of an image (contract 2).
const LONGEST_NAME: usize = 60;
/// The shortest, which is Ferry's.
const SHORTEST_NAME: usize = 2;
/// What tags are given to where a request makes an image.
const IMAGE: &str = "image";

/// What was given to an operation that makes or changes something.
#[derive(Copy, Clone)]
pub(super) struct Given<'a> {
    /// The request's parameters.
    pub(super) params: &'a Params,
    /// Which operation, for the words of a refusal.
    pub(super) context: Context,
}

impl<'a> Given<'a> {
    /// A text that is not empty.
    fn some(self, parameter: &str) -> Result<Option<&'a str>, ApiError> {
        Ok(self.params.text(parameter)?.filter(|text| !text.is_empty()))
    }

    /// `ImageName`; an empty one is not given.
    pub(super) fn name(self) -> Result<Option<Name>, ApiError> {
        let Some(text) = self.some("ImageName")? else { return Ok(None) };
        let length = text.chars().count();
        let refusal = FieldRefusal::Length { length, min: SHORTEST_NAME, max: LONGEST_NAME };
        if length > LONGEST_NAME {
            return Err(too_long(Field::Name, refusal, self.context));
        }
        if length < SHORTEST_NAME {
            return Err(malformed(Field::Name, refusal, self.context));
        }
        Name::new(text).map(Some).map_err(|rejection| of_rejection(&rejection, self.context))
    }

    /// `ImageName`, where it must be given.
    pub(super) fn needed_name(self) -> Result<Name, ApiError> {
        self.name()?.ok_or_else(|| ApiError::missing("ImageName"))
    }

    /// `ImageDescription`; an empty one is given and says nothing.
    pub(super) fn description(self) -> Result<Option<Description>, ApiError> {
        let description = self.params.text("ImageDescription")?.map(Description::new).transpose();
        description.map_err(|rejection| of_rejection(&rejection, self.context))
    }

    /// `ImageFamily`; an empty one is given and is none.
    pub(super) fn family(self) -> Result<Option<Option<Family>>, ApiError> {
        match self.params.text("ImageFamily")? {
            None => Ok(None),
            Some("") => Ok(Some(None)),
            Some(text) => Family::new(text)
                .map(|family| Some(Some(family)))
                .map_err(|rejection| of_rejection(&rejection, self.context)),
        }
    }

    /// `TagSpecification`: tags of the image, and of nothing else.
    pub(super) fn tags(self) -> Result<Tags, ApiError> {
        let mut pairs = Vec::new();
        for specification in self.params.structs("TagSpecification")? {
            specification.only(&["ResourceType", "Tags"])?;
            let kind = specification.needed("ResourceType")?;
            if kind != IMAGE {
                let reason = format!("`{kind}` is not `{IMAGE}`");
                return Err(ApiError::value("TagSpecification.ResourceType", reason));
            }
            for tag in specification.structs("Tags")? {
                tag.only(&["Key", "Value"])?;
                let (key, value) = (tag.text("Key")?, tag.text("Value")?);
                pairs.push((
                    key.unwrap_or_default().to_owned(),
                    value.unwrap_or_default().to_owned(),
                ));
            }
        }
        Tags::new(pairs).map_err(|rejection| of_rejection(&rejection, self.context))
    }

    /// One word of a few, as the cloud writes them.
    pub(super) fn word<T: Copy>(
        self,
        parameter: &str,
        (code, words): (&'static str, &[(&str, T)]),
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.some(parameter)? else { return Ok(None) };
        let known = words.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        known.map(Some).ok_or_else(|| {
            let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let shown: String = text.chars().take(64).collect();
            let message = format!(
                "The value of the parameter `{parameter}` is not valid: `{shown}` is none of {}.",
                all.join(", ")
            );
            ApiError::new(code, message)
        })
    }

    /// The answer to a value that is wrong in its field.
    pub(super) fn malformed(self, field: Field, wrong: &str) -> ApiError {
        malformed(field, wrong, self.context)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn code<T>(given: Value, read: impl Fn(Given<'_>) -> Result<T, ApiError>) -> String {
        let Value::Object(fields) = given else { panic!("it is an object") };
        let params = Params::of_json(fields);
        let read = read(Given { params: &params, context: Context::Modify });
        read.map_or_else(|error| error.code.into_owned(), |_| "ok".to_owned())
    }

    /// api-10: Ferry's rule of names, and the cloud's bound of 60 characters.
    #[test]
    fn api_10_names_keep_the_clouds_bound() {
        for (name, wanted) in [
            ("ab", "ok"),
            (&"n".repeat(60), "ok"),
            (&"镜".repeat(60), "ok"),
            ("", "ok"),
            (&"n".repeat(61), "InvalidParameterValue.TooLarge"),
            ("a", "InvalidParameterValue"),
            ("1a", "ok"),
            ("测试镜像 副本+1&a=b~*_x", "ok"),
            ("http://a", "InvalidParameterValue"),
            ("a b", "ok"),
            (" a", "InvalidParameterValue"),
            ("ab\0", "InvalidParameterValue"),
            ("ab\u{202e}", "InvalidParameterValue"),
            ("ab\u{200b}", "InvalidParameterValue"),
            ("ab😀", "ok"),
        ] {
            let given = json!({"ImageName": name});
            assert_eq!(code(given, |given| given.name()), wanted, "{name:?}");
        }
        assert_eq!(code(json!({"ImageName": ""}), |given| given.needed_name()), "MissingParameter");
    }

    #[test]
    fn descriptions_and_families_may_be_empty() {
        let description =
            |text: &str| code(json!({"ImageDescription": text}), |given| given.description());
        assert_eq!(description(""), "ok");
        assert_eq!(description(&"d".repeat(256)), "ok");
        assert_eq!(description(&"d".repeat(257)), "InvalidParameterValue.TooLarge");
        assert_eq!(description("http://d"), "InvalidParameterValue");
        let family = |text: &str| code(json!({"ImageFamily": text}), |given| given.family());
        assert_eq!((family(""), family("web")), ("ok".to_owned(), "ok".to_owned()));
        assert_eq!(family("1"), "InvalidParameterValue.InvalidImageFamily");
    }

    /// api-13: 21 tags, a key twice, and what is no tag of an image.
    #[test]
    fn api_13_tags_keep_their_bounds() {
        let tags = |tags: Value| {
            code(json!({"TagSpecification": [{"ResourceType": "image", "Tags": tags}]}), |given| {
                given.tags()
            })
        };
        let numbered = |count: usize| -> Value {
            (0..count).map(|number| json!({"Key": format!("k{number}"), "Value": ""})).collect()
        };
        assert_eq!(tags(numbered(20)), "ok");
        assert_eq!(tags(numbered(21)), "InvalidParameterValue.TagQuotaLimitExceeded");
        let twice = json!([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]);
        assert_eq!(tags(twice), "InvalidParameterValue.DuplicateTags");
        assert_eq!(tags(json!([{"Value": "1"}])), "FailedOperation.IllegalTagKey");
        assert_eq!(
            tags(json!([{"Key": "a", "Value": "\u{202e}"}])),
            "FailedOperation.IllegalTagValue"
        );
        assert_eq!(tags(json!([{"Key": "a", "Vlue": "1"}])), "UnknownParameter");
        let other = json!({"TagSpecification": [{"ResourceType": "instance", "Tags": []}]});
        assert_eq!(code(other, |given| given.tags()), "InvalidParameterValue");
    }
}
