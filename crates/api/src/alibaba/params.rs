//! The parameters of a request: flat names, lists as `Name.1`, structs as `Name.1.Key` and `Name.Key` (contract 1).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::error::ApiError;

/// The most elements of one list that are read; every operation takes fewer.
const MAX_ELEMENTS: usize = 1_000;

/// The parameters of a request, or the fields of one element of a list. A value of no characters counts as not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads decoded pairs; a name given twice is refused, never the last one taken (api-02, api-09).
    pub(super) fn read(
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ApiError> {
        let mut params = BTreeMap::new();
        for (name, value) in pairs {
            if params.contains_key(&name) {
                return Err(ApiError::invalid(&name, "it is given more than once"));
            }
            params.insert(name, value);
        }
        Ok(Params(params))
    }

    /// The value of a parameter, where one is given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The value of a parameter that must be given.
    pub(super) fn needed(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name).ok_or_else(|| ApiError::missing(name))
    }

    /// `true` or `false`, in any case of letters: the Python clients write `True` (contract 1).
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(ApiError::invalid(name, format!("`{text}` is not true or false"))),
        }
    }

    /// A whole number within a range.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            ApiError::invalid(name, format!("`{text}` is not a number from {least} to {most}"))
        })
    }

    /// The values of a list, `Name.1` and on, in the order of their numbers.
    pub(super) fn list(&self, name: &str) -> Result<Vec<&str>, ApiError> {
        let mut values = BTreeMap::new();
        for (rest, value) in self.under(name) {
            if let Some(number) = place(rest)
                && values.insert(number, value.as_str()).is_some()
            {
                return Err(ApiError::invalid(name, format!("element {number} is given twice")));
            }
        }
        if values.len() > MAX_ELEMENTS {
            return Err(ApiError::invalid(name, format!("more than {MAX_ELEMENTS} elements")));
        }
        Ok(values.into_values().filter(|value| !value.is_empty()).collect())
    }

    /// The elements of a list of structs, `Name.1.Field` and on, in the order of their numbers.
    pub(super) fn structs(&self, name: &str) -> Result<Vec<Params>, ApiError> {
        let mut elements: BTreeMap<u32, Params> = BTreeMap::new();
        for (rest, value) in self.under(name) {
            let Some((number, field)) = rest.split_once('.') else { continue };
            let Some(number) = place(number) else { continue };
            let element = elements.entry(number).or_default();
            if element.0.insert(field.to_owned(), value.clone()).is_some() {
                return Err(ApiError::invalid(name, format!("element {number} is given twice")));
            }
        }
        if elements.len() > MAX_ELEMENTS {
            return Err(ApiError::invalid(name, format!("more than {MAX_ELEMENTS} elements")));
        }
        Ok(elements.into_values().collect())
    }

    /// What stands behind `name.`.
    fn under(&self, name: &str) -> impl Iterator<Item = (&str, &String)> {
        let prefix = format!("{name}.");
        let from = self.0.range(prefix.clone()..);
        from.map_while(move |(full, value)| Some((full.strip_prefix(&prefix)?, value)))
    }
}

/// The number of an element: from 1, as the clients count.
fn place(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params::read(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }

    #[test]
    fn lists_and_structs_are_read_in_the_order_of_their_numbers() {
        let params = params(&[
            ("Tag.2.Key", "b"),
            ("Tag.10.Key", "c"),
            ("Tag.1.Key", "a"),
            ("Tag.1.Value", ""),
            ("ResourceId.2", "two"),
            ("ResourceId.1", "one"),
            ("ResourceId.3", ""),
            ("Features.NvmeSupport", "supported"),
        ]);
        let keys: Vec<_> = params.structs("Tag").unwrap();
        let keys: Vec<_> = keys.iter().map(|tag| tag.needed("Key").unwrap()).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        assert_eq!(params.list("ResourceId").unwrap(), ["one", "two"]);
        assert_eq!(params.text("Features.NvmeSupport"), Some("supported"));
    }

    #[test]
    fn api_09_a_name_given_twice_is_refused() {
        let twice = [("A", "1"), ("A", "1")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(Params::read(twice).unwrap_err().code, "InvalidParameter");
        assert!(params(&[("T.1.K", "1"), ("T.01.K", "2")]).structs("T").is_err());
        assert!(params(&[("T.1", "1"), ("T.01", "2")]).list("T").is_err());
    }

    #[test]
    fn flags_are_read_in_any_case_and_numbers_within_their_range() {
        let params =
            params(&[("A", "True"), ("B", "FALSE"), ("C", "yes"), ("N", "101"), ("M", "-1")]);
        assert_eq!(params.flag("A").unwrap(), Some(true));
        assert_eq!(params.flag("B").unwrap(), Some(false));
        assert_eq!(params.flag("D").unwrap(), None);
        assert!(params.flag("C").is_err());
        assert_eq!(params.number("N", 1..=101).unwrap(), Some(101));
        assert!(params.number("N", 1..=100).is_err());
        assert!(params.number("M", 0..=100).is_err());
    }
}
