//! Pages of listings: `pageNumber` from 1, `pageSize` of 10 to 100 (contract 1).

use region::PageOf;

use super::error::ApiError;
use super::params::Params;

/// Rows of a page where the request does not say.
const USUAL: u64 = 20;

/// The page that is asked for. A number or a size that is none is refused (api-12).
pub(super) fn read(params: &Params) -> Result<PageOf, ApiError> {
    let number = params.number("pageNumber", 1..=u64::from(u32::MAX))?.unwrap_or(1);
    let size = params.number("pageSize", 10..=100)?.unwrap_or(USUAL);
    let limit = u32::try_from(size).expect("it is 100 at most");
    Ok(PageOf { offset: (number - 1) * size, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::form::{Pairs, read_into};

    fn page(query: &str) -> Result<PageOf, ApiError> {
        let mut pairs = Pairs::new();
        read_into(&mut pairs, query.as_bytes()).unwrap();
        read(&Params::read(Vec::new(), &pairs, serde_json::Map::new()).unwrap())
    }

    #[test]
    fn api_12_pages_have_their_bounds() {
        let of = |query: &str| page(query).map(|page| (page.offset, page.limit)).unwrap();
        assert_eq!(of(""), (0, 20));
        assert_eq!(of("pageNumber=3&pageSize=10"), (20, 10));
        assert_eq!(of("pageNumber=4294967295&pageSize=100"), (429_496_729_400, 100));
        for wrong in ["pageSize=9", "pageSize=101", "pageSize=-1", "pageSize=2147483648"] {
            let error = page(wrong).unwrap_err();
            assert_eq!(
                (error.status, error.message.as_str()),
                ("OUT_OF_RANGE", "PageSize out of range")
            );
        }
        for wrong in ["pageNumber=0", "pageNumber=4294967296", "pageNumber=-1"] {
            assert_eq!(page(wrong).unwrap_err().message, "PageNumber out of range");
        }
    }
}
