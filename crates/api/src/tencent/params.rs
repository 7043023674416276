//! The parameters of a request: one JSON object, from a JSON body or from flattened pairs (`Filters.0.Values.0`), whose lists
//! count from 0 as the clients do, or from 1 as the older documents do (contract 2 to 4).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::error::ApiError;
use crate::cloud::form::Pairs;

/// The most elements of one list that are read; every operation takes fewer.
const MAX_ELEMENTS: usize = 1_000;
/// The most parts of a flattened name: `Filters.0.Values.0` has four, and none has more.
const MAX_PARTS: usize = 8;

/// What the parameters were written in.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Written {
    /// JSON: a value has the type that it is written with.
    #[default]
    Json,
    /// Pairs: every value is a text.
    Pairs,
}

/// The parameters of a request, or the fields of one element of a list. `null` counts as not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Params {
    fields: Map<String, Value>,
    written: Written,
    /// Where these fields stand, for messages: empty, or `Filters.0.`.
    place: String,
}

impl Params {
    /// The fields of a JSON body.
    pub(super) fn of_json(fields: Map<String, Value>) -> Self {
        Params { fields, ..Params::default() }
    }

    /// Flattened pairs. A list's element given twice (`Ids.1`, `Ids.01`) is refused, and a name that is a value and a list at
    /// once (api-09).
    pub(super) fn of_pairs(pairs: &Pairs) -> Result<Self, ApiError> {
        let mut root = Branch::new();
        for (name, value) in pairs {
            let parts: Vec<_> = name.splitn(MAX_PARTS + 1, '.').collect();
            if parts.len() > MAX_PARTS {
                return Err(ApiError::unknown(name));
            }
            plant(&mut root, (name, &parts), value)?;
        }
        let mut fields = Map::new();
        for (name, node) in root {
            fields.insert(name.to_owned(), grown(name, node)?);
        }
        Ok(Params { fields, written: Written::Pairs, place: String::new() })
    }

    /// All of them as one text, the same however they were written.
    pub(super) fn canonical(&self) -> String {
        serde_json::to_string(&self.fields).expect("a map of texts is written")
    }

    /// Refuses what is not one of these names.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(ApiError::unknown(&self.shown(name))),
            None => Ok(()),
        }
    }

    /// The text of a parameter, where it is given; it may be empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a text")),
        }
    }

    /// The text of a parameter that must be given, and not empty.
    pub(super) fn needed(&self, name: &str) -> Result<&str, ApiError> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| ApiError::missing(&self.shown(name)))
    }

    /// A boolean, or a text of one: the Python clients write `True` (contract 4), and some parameters are texts (contract 2).
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if ["true", "True"].contains(&text.as_str()) => {
                Ok(Some(true))
            }
            Some(Value::String(text)) if ["false", "False"].contains(&text.as_str()) => {
                Ok(Some(false))
            }
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    /// A whole number within a range.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ApiError> {
        let number = match (self.given(name), self.written) {
            (None, _) => return Ok(None),
            (Some(Value::Number(number)), Written::Json) if number.is_u64() => number.as_u64(),
            (Some(Value::Number(number)), Written::Json) if number.is_i64() => None,
            (Some(Value::String(text)), Written::Pairs) if is_whole(text) => text.parse().ok(),
            (Some(_), Written::Json | Written::Pairs) => {
                return Err(self.wrong(name, "a whole number"));
            }
        };
        number.filter(|number| range.contains(number)).map(Some).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            ApiError::value(&self.shown(name), format!("it is not from {least} to {most}"))
        })
    }

    /// The texts of a list, in their order; none where it is not given.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, ApiError> {
        let texts = self.list(name)?.iter().enumerate().map(|(number, value)| {
            value.as_str().ok_or_else(|| self.wrong(&format!("{name}.{number}"), "a text"))
        });
        texts.collect()
    }

    /// The elements of a list of structs, in their order; none where it is not given.
    pub(super) fn structs(&self, name: &str) -> Result<Vec<Params>, ApiError> {
        let elements = self.list(name)?.iter().enumerate().map(|(number, value)| {
            let place = format!("{name}.{number}");
            let fields = value.as_object().ok_or_else(|| self.wrong(&place, "an object"))?;
            let place = format!("{}.", self.shown(&place));
            Ok(Params { fields: fields.clone(), written: self.written, place })
        });
        elements.collect()
    }

    fn list(&self, name: &str) -> Result<&[Value], ApiError> {
        match self.given(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) if list.len() > MAX_ELEMENTS => {
                let reason = format!("it has more than {MAX_ELEMENTS} elements");
                let message = format!("The list `{}` is too long: {reason}.", self.shown(name));
                Err(ApiError::new("InvalidParameterValue.LimitExceeded", message))
            }
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, wanted: &str) -> ApiError {
        ApiError::invalid(&self.shown(name), format!("it is not {wanted}"))
    }

    fn shown(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }
}

/// Digits, maybe behind a minus: a number that is merely out of range is told so.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

type Branch<'a> = BTreeMap<&'a str, Node<'a>>;

/// A flattened name is a way through a tree.
enum Node<'a> {
    Leaf(&'a str),
    Branch(Branch<'a>),
}

fn plant<'a>(
    branch: &mut Branch<'a>,
    (full, parts): (&str, &[&'a str]),
    value: &'a str,
) -> Result<(), ApiError> {
    let twice = || ApiError::invalid(full, "it is given as a value and as a list or an object");
    let Some((first, rest)) = parts.split_first() else { return Err(twice()) };
    if rest.is_empty() {
        return match branch.insert(first, Node::Leaf(value)) {
            None => Ok(()),
            Some(_) => Err(twice()),
        };
    }
    match branch.entry(first).or_insert_with(|| Node::Branch(Branch::new())) {
        Node::Leaf(_) => Err(twice()),
        Node::Branch(inner) => plant(inner, (full, rest), value),
    }
}

/// A branch whose names are numbers is a list in the order of the numbers, any other is an object.
fn grown(name: &str, node: Node<'_>) -> Result<Value, ApiError> {
    let branch = match node {
        Node::Leaf(text) => return Ok(Value::String(text.to_owned())),
        Node::Branch(branch) => branch,
    };
    if !branch.keys().all(|part| is_place(part)) {
        let fields = branch.into_iter().map(|(part, node)| {
            let value = grown(&format!("{name}.{part}"), node)?;
            Ok((part.to_owned(), value))
        });
        return Ok(Value::Object(fields.collect::<Result<_, ApiError>>()?));
    }
    let mut elements = BTreeMap::new();
    for (part, node) in branch {
        let full = format!("{name}.{part}");
        let number: u32 = part.parse().map_err(|_| ApiError::invalid(&full, "it is no place"))?;
        if elements.insert(number, grown(&full, node)?).is_some() {
            return Err(ApiError::invalid(&full, "it is given more than once"));
        }
    }
    Ok(elements.into_values().collect())
}

fn is_place(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Result<Params, ApiError> {
        Params::of_pairs(&pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    fn json(value: Value) -> Params {
        let Value::Object(fields) = value else { panic!("{value} is no object") };
        Params::of_json(fields)
    }

    fn code<T: std::fmt::Debug>(answer: Result<T, ApiError>) -> String {
        answer.unwrap_err().code.into_owned()
    }

    #[test]
    fn flattened_pairs_and_json_are_one_reading() {
        let flat = [
            ("Filters.0.Name", "image-type"),
            ("Filters.0.Values.0", "PRIVATE_IMAGE"),
            ("Filters.0.Values.1", "SHARED_IMAGE"),
            ("Filters.10.Name", "c"),
            ("Filters.2.Name", "b"),
            ("ImageIds.1", "one"),
            ("ImageIds.2", "two"),
            ("Limit", "100"),
            ("DryRun", "False"),
        ];
        let body = json!({
            "Filters": [
                {"Name": "image-type", "Values": ["PRIVATE_IMAGE", "SHARED_IMAGE"]},
                {"Name": "b"},
                {"Name": "c"},
            ],
            "ImageIds": ["one", "two"],
            "Limit": 100,
            "DryRun": false,
            "ImageName": null,
        });
        for params in [pairs(&flat).unwrap(), json(body)] {
            let filters = params.structs("Filters").unwrap();
            let names: Vec<_> = filters.iter().map(|one| one.needed("Name").unwrap()).collect();
            assert_eq!(names, ["image-type", "b", "c"]);
            assert_eq!(filters[0].texts("Values").unwrap(), ["PRIVATE_IMAGE", "SHARED_IMAGE"]);
            assert_eq!(params.texts("ImageIds").unwrap(), ["one", "two"]);
            assert_eq!(params.number("Limit", 0..=100).unwrap(), Some(100));
            assert_eq!(params.flag("DryRun").unwrap(), Some(false));
            assert_eq!(params.text("ImageName").unwrap(), None);
        }
    }

    /// API-09: of two readings neither is taken.
    #[test]
    fn api_09_a_place_that_is_given_twice_is_refused() {
        for wrong in [
            [("Ids.1", "a"), ("Ids.01", "b")],
            [("Ids", "a"), ("Ids.0", "b")],
            [("Ids.0", "a"), ("Ids.0.Name", "b")],
            [("Ids.4294967296", "a"), ("Ids.0", "b")],
        ] {
            assert_eq!(code(pairs(&wrong)), "InvalidParameter", "{wrong:?}");
        }
        let deep = "A.".repeat(MAX_PARTS) + "A";
        assert_eq!(code(pairs(&[(deep.as_str(), "a")])), "UnknownParameter");
    }

    #[test]
    fn what_has_another_type_is_refused_by_its_name() {
        let params = json(json!({
            "Text": 1, "Flag": "yes", "Number": "1", "Float": 1.0, "Less": -1, "List": "a",
            "Objects": ["a"], "Inner": [{"Values": [1]}], "Empty": "",
        }));
        for (answer, named) in [
            (params.text("Text").map(drop), "`Text`"),
            (params.flag("Flag").map(drop), "`Flag`"),
            (params.number("Number", 0..=9).map(drop), "`Number`"),
            (params.number("Float", 0..=9).map(drop), "`Float`"),
            (params.texts("List").map(drop), "`List`"),
            (params.structs("Objects").map(drop), "`Objects.0`"),
            (params.structs("Inner").unwrap()[0].texts("Values").map(drop), "`Inner.0.Values.0`"),
        ] {
            let error = answer.unwrap_err();
            assert_eq!(error.code, "InvalidParameter", "{named}");
            assert!(error.message.contains(named), "{named}: {}", error.message);
        }
        assert_eq!(code(params.number("Less", 0..=9)), "InvalidParameterValue");
        assert_eq!(code(params.needed("Empty")), "MissingParameter");
        assert_eq!(code(params.needed("Absent")), "MissingParameter");
        assert_eq!(params.text("Empty").unwrap(), Some(""));
    }

    #[test]
    fn numbers_in_pairs_keep_their_range() {
        let params =
            pairs(&[("A", "101"), ("B", "-1"), ("C", "1e2"), ("D", "9".repeat(30).as_str())]);
        let params = params.unwrap();
        assert_eq!(params.number("A", 0..=101).unwrap(), Some(101));
        assert_eq!(code(params.number("A", 0..=100)), "InvalidParameterValue");
        assert_eq!(code(params.number("B", 0..=100)), "InvalidParameterValue");
        assert_eq!(code(params.number("D", 0..=100)), "InvalidParameterValue");
        assert_eq!(code(params.number("C", 0..=100)), "InvalidParameter");
    }

    #[test]
    fn lists_have_an_end_and_unknown_names_are_told() {
        let long: Vec<_> = (0..=MAX_ELEMENTS).map(|number| number.to_string()).collect();
        let params = json(json!({"Ids": long, "Inner": [{"Name": "a", "Nme": "b"}]}));
        assert_eq!(code(params.texts("Ids")), "InvalidParameterValue.LimitExceeded");
        params.only(&["Ids", "Inner"]).unwrap();
        assert_eq!(code(params.only(&["Ids"])), "UnknownParameter");
        let inner = params.structs("Inner").unwrap();
        let error = inner[0].only(&["Name"]).unwrap_err();
        assert!(error.message.contains("`Inner.0.Nme`"), "{}", error.message);
    }
}
