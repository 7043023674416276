//! `filters.N`: a name and values, any of which may fit (contract 1). A name that the operation does not have is refused, never
//! passed over: what is asked for narrowly is not answered widely.

use super::error::ApiError;
use super::params::Params;

/// Values of one filter, at most.
const MOST_VALUES: usize = 100;
/// How values are compared where a filter says so. `like` is for the names that are compared so anyway.
const OPERATORS: [&str; 3] = ["eq", "in", "like"];

/// What a search is narrowed by.
#[derive(Debug)]
pub(super) struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    /// Reads the filters of a request, which may have these names.
    pub(super) fn read(params: &Params, known: &[&str]) -> Result<Filters, ApiError> {
        let mut filters: Vec<(String, Vec<String>)> = Vec::new();
        for filter in params.structs("filters")? {
            let name = filter.needed("name")?;
            if !known.contains(&name) {
                let names = known.join(", ");
                let reason = format!("there is no filter '{name}', only {names}");
                return Err(ApiError::invalid("filters", reason));
            }
            if filters.iter().any(|(other, _)| other == name) {
                let reason = format!("the filter '{name}' is given more than once");
                return Err(ApiError::invalid("filters", reason));
            }
            if let Some(other) = filter.text("operator")?.filter(|word| !OPERATORS.contains(word)) {
                return Err(ApiError::invalid("operator", format!("'{other}' is not supported")));
            }
            let values = filter.texts("values")?;
            if values.is_empty() || values.len() > MOST_VALUES {
                let reason = format!("the filter '{name}' has not 1 to {MOST_VALUES} values");
                return Err(ApiError::invalid("filters", reason));
            }
            filters.push((name.to_owned(), values.into_iter().map(str::to_owned).collect()));
        }
        Ok(Filters(filters))
    }

    /// The values of a filter; none where it is not given.
    pub(super) fn values(&self, name: &str) -> Option<&[String]> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, values)| values.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(filters: Value) -> Result<Filters, ApiError> {
        let body = json!({"filters": filters}).as_object().unwrap().clone();
        let params = Params::read(Vec::new(), &Default::default(), body).unwrap();
        Filters::read(&params, &["status", "name"])
    }

    #[test]
    fn filters_are_read_by_name() {
        let filters = read(json!([
            {"name": "status", "values": ["a", "b"], "operator": null},
            {"name": "name", "values": ["x"], "operator": "like"}
        ]));
        let filters = filters.unwrap();
        assert_eq!(filters.values("status").unwrap(), ["a", "b"]);
        assert_eq!(filters.values("name").unwrap(), ["x"]);
        assert!(read(json!(null)).unwrap().values("name").is_none());
    }

    #[test]
    fn what_would_not_narrow_is_refused() {
        let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        for wrong in [
            json!([{"name": "other", "values": ["a"]}]),
            json!([{"name": "name", "values": []}]),
            json!([{"name": "name", "values": many}]),
            json!([{"name": "name"}]),
            json!([{"values": ["a"]}]),
            json!([{"name": "name", "values": ["a"], "operator": "ne"}]),
            json!([{"name": "name", "values": ["a"]}, {"name": "name", "values": ["b"]}]),
            json!({"name": "name", "values": ["a"]}),
            json!(["name"]),
        ] {
            assert_eq!(read(wrong.clone()).unwrap_err().status, "INVALID_ARGUMENT", "{wrong}");
        }
    }
}
