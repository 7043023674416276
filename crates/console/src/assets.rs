//! The style, the script and the mark: inside the binary, named by their contents, kept by browsers for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// One file.
pub(crate) struct Asset {
    /// Its name in links: with the leading characters of the digest of its contents, so that a new one is another address.
    name: String,
    media: &'static str,
    contents: &'static [u8],
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("ferry", "css", "text/css; charset=utf-8", include_bytes!("../assets/ferry.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "ferry",
        "js",
        "text/javascript; charset=utf-8",
        include_bytes!("../assets/ferry.js"),
    )
});
static MARK: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("mark", "svg", "image/svg+xml", include_bytes!("../assets/mark.svg"))
});

impl Asset {
    fn new(stem: &str, ending: &str, media: &'static str, contents: &'static [u8]) -> Self {
        let digest = blake3::hash(contents).to_hex();
        Asset { name: format!("{stem}-{}.{ending}", &digest[..16]), media, contents }
    }

    fn address(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// Where the style lies.
pub(crate) fn style() -> String {
    STYLE.address()
}

/// Where the script lies.
pub(crate) fn script() -> String {
    SCRIPT.address()
}

/// Where the mark lies.
pub(crate) fn mark() -> String {
    MARK.address()
}

/// One of them, by its name.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let all = [&*STYLE, &*SCRIPT, &*MARK];
    let Some(asset) = all.into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.media)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, asset.contents).into_response()
}
