//! URLs of objects. They are read and never fetched: what they name is a file in a folder that the operator gave the account.

use model::{BucketName, ObjectName, RegionId};

use super::error::ApiError;
use super::rejection::{Context, of_rejection};
use crate::cloud::form::decoded;

/// Domains of the cloud's object storage.
const DOMAINS: [&str; 2] = ["myqcloud.com", "tencentcos.cn"];

/// Reads `http(s)://BUCKET.cos.REGION.myqcloud.com/OBJECT` and `http(s)://cos.REGION.myqcloud.com/BUCKET/OBJECT`, of a region.
/// What stands behind a question mark is a signature for the cloud, and is left out.
pub(super) fn read(url: &str, region: &RegionId) -> Result<(BucketName, ObjectName), ApiError> {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let rest = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| wrong("it does not begin with http:// or https://"))?;
    let (host, path) = rest.split_once('/').ok_or_else(|| wrong("it names no object"))?;
    let (before, named) =
        at_storage(host).ok_or_else(|| wrong("its host is not BUCKET.cos.REGION.myqcloud.com"))?;
    if named != region.as_str() {
        return Err(wrong("its bucket is of another region than the request"));
    }
    // In a path a plus is a plus.
    let path = decoded(path.replace('+', "%2B").as_bytes());
    let path = path.map_err(|_| wrong("its path is not UTF-8"))?;
    let (bucket, object) = match before {
        Some(bucket) => (bucket, path.as_str()),
        None => path.split_once('/').ok_or_else(|| wrong("it names no object"))?,
    };
    let rejected = |rejection| of_rejection(&rejection, Context::Import);
    let bucket = BucketName::new(bucket).map_err(rejected)?;
    Ok((bucket, ObjectName::new(object).map_err(rejected)?))
}

/// The bucket of a host, where it names one, and its region.
fn at_storage(host: &str) -> Option<(Option<&str>, &str)> {
    let rest = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain)?.strip_suffix('.'))?;
    match rest.split('.').collect::<Vec<_>>()[..] {
        ["cos", region] => Some((None, region)),
        [bucket, "cos", region] => Some((Some(bucket), region)),
        _ => None,
    }
}

fn wrong(reason: &str) -> ApiError {
    let message = format!("The value of the parameter `ImageUrl` is not valid: {reason}.");
    ApiError::new("InvalidParameter.InvalidParameterUrlError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(url: &str) -> Result<(String, String), String> {
        let read = read(url, &"ap-guangzhou".parse().unwrap());
        read.map(|(bucket, object)| (bucket.to_string(), object.to_string()))
            .map_err(|error| error.code.into_owned())
    }

    #[test]
    fn urls_name_objects_in_both_of_the_clouds_forms() {
        for (url, name) in [
            ("https://images-125.cos.ap-guangzhou.myqcloud.com/a/web.raw", "a/web.raw"),
            ("http://images-125.cos.ap-guangzhou.myqcloud.com/web.raw?sign=a&b=/c", "web.raw"),
            ("https://cos.ap-guangzhou.myqcloud.com/images-125/a/web.raw", "a/web.raw"),
            ("https://images-125.cos.ap-guangzhou.tencentcos.cn/web%20one.raw", "web one.raw"),
            ("https://images-125.cos.ap-guangzhou.myqcloud.com/a+b%2Bc.raw", "a+b+c.raw"),
        ] {
            assert_eq!(object(url), Ok(("images-125".to_owned(), name.to_owned())), "{url}");
        }
    }

    /// No other host, region or place: nothing is ever fetched, and no path leads out of the account's folder.
    #[test]
    fn any_other_url_is_refused() {
        for url in [
            "",
            "web.raw",
            "ftp://images.cos.ap-guangzhou.myqcloud.com/web.raw",
            "https://images.cos.ap-guangzhou.myqcloud.com",
            "https://images.cos.ap-guangzhou.myqcloud.com/",
            "https://cos.ap-guangzhou.myqcloud.com/images",
            "https://cos.ap-guangzhou.myqcloud.com/images/",
            "https://images.cos.ap-shanghai.myqcloud.com/web.raw",
            "https://images.cos.ap-guangzhou.example.com/web.raw",
            "https://images.cos.ap-guangzhou.myqcloud.com.example.com/web.raw",
            "https://images.cos.ap-guangzhou.myqcloud.com:80/web.raw",
            "https://me@images.cos.ap-guangzhou.myqcloud.com/web.raw",
            "https://a.b.cos.ap-guangzhou.myqcloud.com/web.raw",
            "https://Images.cos.ap-guangzhou.myqcloud.com/web.raw",
            "https://images.cos.ap-guangzhou.myqcloud.com/../../etc/passwd",
            "https://images.cos.ap-guangzhou.myqcloud.com/a/%2e%2e/b",
            "https://images.cos.ap-guangzhou.myqcloud.com//b",
            "https://images.cos.ap-guangzhou.myqcloud.com/%ff",
            "https://images.cos.ap-guangzhou.myqcloud.com/a%",
            "http://169.254.169.254/images/web.raw",
            "file:///etc/passwd",
        ] {
            let code = "InvalidParameter.InvalidParameterUrlError".to_owned();
            assert_eq!(object(url), Err(code), "{url}");
        }
    }
}
