//! `Filters` of a request: names with values; all must be met, by one of their values each.

use super::call::Call;
use super::error::ApiError;
use super::params::Params;

/// Filters in one request, at most (contract 2).
const MOST_FILTERS: usize = 10;
/// Values of one filter, at most (contract 2).
const MOST_VALUES: usize = 5;

/// One filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// What it asks of.
    pub(super) name: String,
    /// Of which one must be met: 1 to 5.
    pub(super) values: Vec<String>,
}

/// The filters of a request, each name once.
pub(super) fn read(call: &Call) -> Result<Vec<Filter>, ApiError> {
    of_params(&call.params)
}

fn of_params(params: &Params) -> Result<Vec<Filter>, ApiError> {
    let given = params.structs("Filters")?;
    if given.len() > MOST_FILTERS {
        let message =
            format!("There are {} filters; at most {MOST_FILTERS} are allowed.", given.len());
        return Err(ApiError::new("InvalidParameterValue.LimitExceeded", message));
    }
    let mut filters: Vec<Filter> = Vec::with_capacity(given.len());
    for (filter, number) in given.iter().zip(0..) {
        filter.only(&["Name", "Values"])?;
        let name = filter.needed("Name")?.to_owned();
        let values: Vec<String> = filter.texts("Values")?.into_iter().map(str::to_owned).collect();
        if values.is_empty() {
            return Err(ApiError::missing(&format!("Filters.{number}.Values")));
        }
        if values.len() > MOST_VALUES {
            let message = format!("The filter `{name}` has more than {MOST_VALUES} values.");
            return Err(ApiError::new("InvalidFilterValue.LimitExceeded", message));
        }
        if filters.iter().any(|other| other.name == name) {
            return Err(wrong(&name, "it is given twice"));
        }
        filters.push(Filter { name, values });
    }
    Ok(filters)
}

/// A filter that is none, or has a value that it cannot have.
pub(super) fn wrong(name: &str, reason: &str) -> ApiError {
    let shown: String = name.chars().take(64).collect();
    ApiError::new("InvalidFilter", format!("The filter `{shown}` is not valid: {reason}."))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn code(filters: Value) -> String {
        let Value::Object(fields) = json!({"Filters": filters}) else { panic!("it is an object") };
        let read = of_params(&Params::of_json(fields));
        read.map_or_else(|error| error.code.into_owned(), |_| "ok".to_owned())
    }

    #[test]
    fn filters_keep_the_clouds_bounds() {
        let values = |count: usize| vec!["v"; count];
        let filters = |count: usize| -> Value {
            (0..count)
                .map(|number| json!({"Name": format!("f{number}"), "Values": ["v"]}))
                .collect()
        };
        assert_eq!(code(json!([])), "ok");
        assert_eq!(code(filters(10)), "ok");
        assert_eq!(code(filters(11)), "InvalidParameterValue.LimitExceeded");
        assert_eq!(code(json!([{"Name": "a", "Values": values(5)}])), "ok");
        let six = json!([{"Name": "a", "Values": values(6)}]);
        assert_eq!(code(six), "InvalidFilterValue.LimitExceeded");
        assert_eq!(code(json!([{"Name": "a", "Values": []}])), "MissingParameter");
        assert_eq!(code(json!([{"Values": ["v"]}])), "MissingParameter");
        assert_eq!(code(json!([{"Name": "a", "Values": ["v"], "Value": "v"}])), "UnknownParameter");
        let twice = json!([{"Name": "a", "Values": ["v"]}, {"Name": "a", "Values": ["w"]}]);
        assert_eq!(code(twice), "InvalidFilter");
    }
}
