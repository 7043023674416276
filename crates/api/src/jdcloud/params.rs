//! The parameters of a request: those of its path, of its query and of its JSON body, as one object (contract 1 and 5).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::error::ApiError;
use crate::cloud::form::Pairs;

/// How deep a name of a query nests: `filters.1.values.1` is 4.
const MAX_DEPTH: usize = 6;

/// The parameters of a request, or the fields of one element of a list. What is `null` is not given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Puts together what was sent. Clients repeat in the body what the path says; whatever is there twice must be the same
    /// twice (api-02).
    pub(super) fn read(
        path: Vec<(&'static str, String)>,
        query: &Pairs,
        body: Map<String, Value>,
    ) -> Result<Params, ApiError> {
        let mut all = without_nulls(body);
        let path = path.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value)));
        for (name, value) in path.chain(nested(query)?) {
            if let Some(other) = all.get(&name) {
                if !is_same(other, &value) {
                    return Err(ApiError::invalid(&name, "it is given more than once"));
                }
                continue;
            }
            all.insert(name, value);
        }
        Ok(Params(all))
    }

    /// A text, which may have no characters.
    pub(super) fn told(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::invalid(name, "it is not a text")),
        }
    }

    /// A text. One of no characters counts as not given.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        Ok(self.told(name)?.filter(|text| !text.is_empty()))
    }

    /// A text that must be given.
    pub(super) fn needed(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| ApiError::missing(name))
    }

    /// Whether anything is given under a name, of whatever type.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// `true` or `false`; in a query also as the Python clients spell them, `True` and `False` (contract 5).
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let text = match self.0.get(name) {
            None => return Ok(None),
            Some(Value::Bool(flag)) => return Ok(Some(*flag)),
            Some(Value::String(text)) => text.as_str(),
            Some(_) => "",
        };
        match text {
            "true" | "True" => Ok(Some(true)),
            "false" | "False" => Ok(Some(false)),
            _ => Err(ApiError::invalid(name, "it is neither true nor false")),
        }
    }

    /// A whole number within a range.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ApiError> {
        let not_whole = || ApiError::invalid(name, "it is not a whole number");
        let number = match self.0.get(name) {
            None => return Ok(None),
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.as_u64(),
            Some(Value::String(text)) => whole(text).ok_or_else(not_whole)?,
            Some(_) => return Err(not_whole()),
        };
        let within = number.filter(|number| range.contains(number));
        within.map(Some).ok_or_else(|| ApiError::out_of_range(name))
    }

    /// The texts of a list: a JSON array, or `name.1` and on in a query. None are given where there is no such list.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, ApiError> {
        let texts = self.list(name)?.iter().map(Value::as_str);
        texts
            .collect::<Option<_>>()
            .ok_or_else(|| ApiError::invalid(name, "an element is not a text"))
    }

    /// The objects of a list: a JSON array, or `name.1.field` and on in a query.
    pub(super) fn structs(&self, name: &str) -> Result<Vec<Params>, ApiError> {
        let elements = self.list(name)?.iter().map(|element| match element {
            Value::Object(fields) => Some(Params(fields.clone())),
            _ => None,
        });
        elements
            .collect::<Option<_>>()
            .ok_or_else(|| ApiError::invalid(name, "an element is not an object"))
    }

    fn list(&self, name: &str) -> Result<&[Value], ApiError> {
        match self.0.get(name) {
            None => Ok(&[]),
            Some(Value::Array(elements)) => Ok(elements),
            Some(_) => Err(ApiError::invalid(name, "it is not a list")),
        }
    }
}

/// Digits with or without a sign. What is whole and no such number is beyond every range: `Some(None)`.
fn whole(text: &str) -> Option<Option<u64>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| text.parse().ok())
}

/// Whether two spellings say the same: a query has texts where a body may have numbers.
fn is_same(one: &Value, other: &Value) -> bool {
    let spelled = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    one == other || spelled(one).is_some_and(|one| spelled(other).is_some_and(|other| one == other))
}

fn without_nulls(object: Map<String, Value>) -> Map<String, Value> {
    let kept = object.into_iter().filter(|(_, value)| !value.is_null());
    kept.map(|(name, value)| (name, cleaned(value))).collect()
}

fn cleaned(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(without_nulls(fields)),
        Value::Array(elements) => Value::Array(elements.into_iter().map(cleaned).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// What stands under one name of a query, or under a part of it.
enum Branch {
    Value(String),
    Under(BTreeMap<String, Branch>),
}

/// The parameters of a query, whose flat names nest: `filters.1.values.1`.
fn nested(query: &Pairs) -> Result<Map<String, Value>, ApiError> {
    let mut root = BTreeMap::new();
    for (name, value) in query {
        let parts: Vec<&str> = name.split('.').collect();
        if parts.len() > MAX_DEPTH || parts.contains(&"") {
            return Err(ApiError::invalid(name, "it is no name of a parameter"));
        }
        if !grow(&mut root, &parts, value) {
            return Err(ApiError::invalid(name, "it is given more than once"));
        }
    }
    let values = root.into_iter().map(|(name, branch)| {
        let value = grown(branch).ok_or_else(|| {
            ApiError::invalid(&name, "its elements are not numbered from 1, each once")
        })?;
        Ok((name, value))
    });
    values.collect()
}

/// Adds a value under a name's parts. False where a part is a value already, or the whole is there.
fn grow(under: &mut BTreeMap<String, Branch>, parts: &[&str], value: &str) -> bool {
    match parts {
        [] => false,
        [last] => {
            let leaf = Branch::Value(value.to_owned());
            under.insert((*last).to_owned(), leaf).is_none()
        }
        [first, rest @ ..] => {
            let branch = under.entry((*first).to_owned());
            match branch.or_insert_with(|| Branch::Under(BTreeMap::new())) {
                Branch::Value(_) => false,
                Branch::Under(under) => grow(under, rest, value),
            }
        }
    }
}

/// A list where all names are numbers, in their order; an object where none is. Nothing else has one reading.
fn grown(branch: Branch) -> Option<Value> {
    let under = match branch {
        Branch::Value(text) => return Some(Value::String(text)),
        Branch::Under(under) => under,
    };
    let is_number = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    if !under.keys().any(is_number) {
        let fields = under.into_iter().map(|(name, branch)| Some((name, grown(branch)?)));
        return Some(Value::Object(fields.collect::<Option<_>>()?));
    }
    let mut elements = BTreeMap::new();
    for (name, branch) in under {
        let place = name.parse::<u32>().ok().filter(|place| *place > 0)?;
        if elements.insert(place, grown(branch)?).is_some() {
            return None;
        }
    }
    Some(Value::Array(elements.into_values().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(query: &str, body: Value) -> Result<Params, ApiError> {
        let mut pairs = Pairs::new();
        crate::cloud::form::read_into(&mut pairs, query.as_bytes()).unwrap();
        let path = vec![("regionId", "cn-north-1".to_owned())];
        Params::read(path, &pairs, body.as_object().unwrap().clone())
    }

    #[track_caller]
    fn refused<T: std::fmt::Debug>(read: Result<T, ApiError>, words: &str) {
        let error = read.unwrap_err();
        assert_eq!((error.code.as_u16(), error.status), (400, "INVALID_ARGUMENT"));
        assert!(error.message.contains(words), "{}", error.message);
    }

    /// As recorded: lists and filters of queries, in the order of their numbers.
    #[test]
    fn queries_nest_by_their_names() {
        let query = "ids.2=b&ids.10=c&ids.1=a&filters.1.name=resourceTypes&filters.1.values.1=image\
            &filters.1.values.2=instance&filters.2.name=x&offline=False&pageSize=100&imageName=";
        let params = read(query, json!({})).unwrap();
        assert_eq!(params.texts("ids").unwrap(), ["a", "b", "c"]);
        let filters = params.structs("filters").unwrap();
        assert_eq!(filters.len(), 2);
        assert_eq!(filters[0].needed("name").unwrap(), "resourceTypes");
        assert_eq!(filters[0].texts("values").unwrap(), ["image", "instance"]);
        assert_eq!(filters[1].texts("values").unwrap(), Vec::<&str>::new());
        assert_eq!(params.flag("offline").unwrap(), Some(false));
        assert_eq!(params.number("pageSize", 10..=100).unwrap(), Some(100));
        assert_eq!(params.text("imageName").unwrap(), None);
        assert_eq!(params.told("imageName").unwrap(), Some(""));
        assert_eq!(params.needed("regionId").unwrap(), "cn-north-1");
    }

    /// As recorded: the path's parameters are repeated, what is not set is null.
    #[test]
    fn bodies_repeat_the_path_and_say_null_for_nothing() {
        let body = json!({"regionId": "cn-north-1", "name": null, "ids": ["a"], "size": 40, "force": true,
            "disks": [{"id": "y", "kind": null}]});
        let params = read("size=40", body).unwrap();
        assert_eq!((params.text("name").unwrap(), params.has("name")), (None, false));
        assert_eq!(params.texts("ids").unwrap(), ["a"]);
        assert_eq!(params.number("size", 0..=100).unwrap(), Some(40));
        assert_eq!(params.flag("force").unwrap(), Some(true));
        let disks = params.structs("disks").unwrap();
        assert_eq!((disks[0].needed("id").unwrap(), disks[0].has("kind")), ("y", false));
    }

    #[test]
    fn api_02_what_is_there_twice_must_be_the_same_twice() {
        refused(read("", json!({"regionId": "cn-east-1"})), "'regionId'");
        refused(read("regionId=cn-east-1", json!({})), "'regionId'");
        refused(read("ids.1=a", json!({"ids": ["b"]})), "'ids'");
        refused(read("a=1&a.1=2", json!({})), "'a.1'");
        refused(read("a.1=1&a.01=2", json!({})), "'a'");
        refused(read("a.0=1", json!({})), "'a'");
        refused(read("a.1=1&a.b=2", json!({})), "'a'");
        for wrong in ["a..b=1", ".=1", "a.=1", "a.b.c.d.e.f.g=1"] {
            refused(read(wrong, json!({})), "no name of a parameter");
        }
        assert!(read("regionId=cn-north-1&ids.1=a", json!({"ids": ["a"]})).is_ok());
    }

    #[test]
    fn what_is_of_the_wrong_type_is_refused_by_its_name() {
        let body = json!({"n": 1.5, "t": 5, "l": "a", "m": ["a", 1], "o": [], "f": "yes", "b": -1, "w": "x1"});
        let params = read("", body).unwrap();
        refused(params.number("n", 0..=9), "'n'");
        refused(params.number("w", 0..=9), "'w'");
        refused(params.number("o", 0..=9), "'o'");
        refused(params.text("t"), "'t'");
        refused(params.texts("l"), "'l'");
        refused(params.texts("m"), "'m'");
        refused(params.structs("m"), "'m'");
        refused(params.flag("f"), "'f'");
        refused(params.flag("t"), "'t'");
        refused(params.needed("absent"), "Parameter Absent missing");
        for (name, range) in [("b", 0..=9), ("t", 6..=9), ("t", 0..=4)] {
            let error = params.number(name, range).unwrap_err();
            assert_eq!((error.status, error.code.as_u16()), ("OUT_OF_RANGE", 400));
        }
        let huge = read("pageSize=99999999999999999999&p=-5", json!({})).unwrap();
        assert_eq!(huge.number("pageSize", 10..=100).unwrap_err().message, "PageSize out of range");
        assert_eq!(huge.number("p", 0..=100).unwrap_err().message, "P out of range");
    }
}
