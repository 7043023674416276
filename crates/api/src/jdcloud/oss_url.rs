//! Addresses of the cloud's object storage, which name a bucket of the account's here. No address is ever fetched (api-20).

use model::{BucketName, ObjectName};

use super::error::ApiError;
use crate::cloud::form::decoded;

/// The end of the object storage's hosts.
const DOMAIN: &str = ".jdcloud-oss.com";
/// What stands before the region in them.
const SERVICE: &str = "s3.";

/// A bucket, and what is named in it: an object, or nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OssUrl {
    /// The region that the address names.
    pub(super) region: String,
    /// The bucket.
    pub(super) bucket: BucketName,
    /// What stands behind the bucket.
    path: String,
}

impl OssUrl {
    /// Reads `http(s)://BUCKET.s3.REGION.jdcloud-oss.com/OBJECT` or `http(s)://s3.REGION.jdcloud-oss.com/BUCKET/OBJECT`. A query,
    /// as addresses have that are signed for others, means nothing here.
    pub(super) fn read(parameter: &'static str, text: &str) -> Result<OssUrl, ApiError> {
        let refused = |reason: &str| ApiError::invalid(parameter, reason);
        let is_not = || {
            refused(
                "it is not http(s)://BUCKET.s3.REGION.jdcloud-oss.com/ or https://s3.REGION.jdcloud-oss.com/BUCKET/",
            )
        };
        let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let rest = rest.ok_or_else(is_not)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.strip_suffix(DOMAIN).ok_or_else(is_not)?;
        let path = decoded(path.replace('+', "%2B").as_bytes());
        let path = path.map_err(refused)?;
        let (bucket, region, path) = match host.strip_prefix(SERVICE) {
            Some(region) => {
                let (bucket, path) = path.split_once('/').unwrap_or((&path, ""));
                (bucket.to_owned(), region, path.to_owned())
            }
            None => {
                let (bucket, region) = host.split_once(".s3.").ok_or_else(is_not)?;
                (bucket.to_owned(), region, path)
            }
        };
        let is_region =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if region.is_empty() || !region.bytes().all(is_region) {
            return Err(is_not());
        }
        let bucket =
            BucketName::new(&bucket).map_err(|rejection| refused(&rejection.to_string()))?;
        Ok(OssUrl { region: region.to_owned(), bucket, path })
    }

    /// The object that it names.
    pub(super) fn object(&self, parameter: &'static str) -> Result<ObjectName, ApiError> {
        ObjectName::new(&self.path).map_err(|rejection| ApiError::invalid(parameter, rejection))
    }

    /// Refuses an address with an object where a bucket alone is to be named.
    pub(super) fn bucket_alone(self, parameter: &'static str) -> Result<BucketName, ApiError> {
        if self.path.is_empty() {
            Ok(self.bucket)
        } else {
            Err(ApiError::invalid(parameter, "it names more than a bucket"))
        }
    }
}

/// The address of a bucket, or of an object in it.
pub(super) fn written(region: &str, bucket: &BucketName, object: Option<&ObjectName>) -> String {
    let object = object.map(|object| object.as_str()).unwrap_or_default();
    let path: Vec<String> = object.split('/').map(crate::cloud::form::encoded).collect();
    format!("https://{bucket}.{SERVICE}{region}{DOMAIN}/{}", path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String, String)> {
        let url = OssUrl::read("imageUrl", text).ok()?;
        let object = url.object("imageUrl").ok()?;
        Some((url.region.clone(), url.bucket.to_string(), object.to_string()))
    }

    #[test]
    fn both_forms_name_a_bucket_and_an_object() {
        let wanted = Some(("cn-north-1".into(), "images".into(), "web.raw".into()));
        for text in [
            "https://images.s3.cn-north-1.jdcloud-oss.com/web.raw",
            "http://images.s3.cn-north-1.jdcloud-oss.com/web.raw",
            "https://s3.cn-north-1.jdcloud-oss.com/images/web.raw",
            "https://images.s3.cn-north-1.jdcloud-oss.com/web%2Eraw?AWSAccessKeyId=x&Expires=1&Signature=y",
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
        let bucket: BucketName = BucketName::new("images").unwrap();
        let object = ObjectName::new("web.raw").unwrap();
        let told = written("cn-north-1", &bucket, Some(&object));
        assert_eq!(read(&told), wanted);
        let url = OssUrl::read("ossUrl", &written("cn-north-1", &bucket, None)).unwrap();
        assert_eq!(url.bucket_alone("ossUrl").unwrap(), bucket);
        let url = OssUrl::read("ossUrl", &told).unwrap();
        assert!(url.bucket_alone("ossUrl").unwrap_err().message.contains("more than a bucket"));
    }

    /// api-20: nothing that could be fetched from elsewhere is an address here.
    #[test]
    fn api_20_other_addresses_are_none() {
        for wrong in [
            "",
            "images/web.raw",
            "ftp://images.s3.cn-north-1.jdcloud-oss.com/web.raw",
            "file:///etc/passwd",
            "https://127.0.0.1/web.raw",
            "https://[::1]/web.raw",
            "https://169.254.169.254/latest",
            "https://images.s3.cn-north-1.jdcloud-oss.com:80/web.raw",
            "https://user@images.s3.cn-north-1.jdcloud-oss.com/web.raw",
            "https://images.s3.cn-north-1.jdcloud-oss.com.evil.example/web.raw",
            "https://evil.example/?.s3.cn-north-1.jdcloud-oss.com/web.raw",
            "https://images.s3..jdcloud-oss.com/web.raw",
            "https://images.s3.a.b.jdcloud-oss.com/web.raw",
            "https://.s3.cn-north-1.jdcloud-oss.com/web.raw",
            "https://s3.cn-north-1.jdcloud-oss.com/",
            "https://s3.cn-north-1.jdcloud-oss.com/images/",
            "https://images.s3.cn-north-1.jdcloud-oss.com/",
            "https://images.s3.cn-north-1.jdcloud-oss.com/../web.raw",
            "https://images.s3.cn-north-1.jdcloud-oss.com/%2e%2e/web.raw",
            "https://images.s3.cn-north-1.jdcloud-oss.com/web%zz",
            "https://images.s3.cn-north-1.jdcloud-oss.com/web%00",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
