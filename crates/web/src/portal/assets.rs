//! The portal's files: its style sheet, script and icon, and htmx with its extension for
//! server-sent events, taken from npm as they are (`assets/vendor`; the test of the portal in a
//! browser compares them with the package). Names carry a hash of what is in them, so that a
//! browser may keep the files for ever and still never has an old one.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use sha2::{Digest, Sha256};

/// One file.
struct Asset {
    name: String,
    kind: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, content: &'static str) -> Self {
        let digest = Sha256::digest(content);
        let hash = digest.iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
        Self { name: format!("{stem}.{hash:016x}.{extension}"), kind, content }
    }

    fn address(&self) -> String {
        format!("/portal/assets/{}", self.name)
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("portal", "css", "text/css; charset=utf-8", include_str!("assets/portal.css"))
});

/// One file: htmx begins as soon as its own script is over, and would know nothing of an extension
/// that comes a moment later.
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let content = concat!(
        include_str!("assets/vendor/htmx.min.js"),
        "\n",
        include_str!("assets/vendor/hx-sse.min.js"),
        "\n",
        include_str!("assets/portal.js"),
    );
    Asset::new("portal", "js", "text/javascript; charset=utf-8", content)
});

static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

/// Where the style sheet is.
pub(super) fn style() -> String {
    STYLE.address()
}

/// Where the script is.
pub(super) fn script() -> String {
    SCRIPT.address()
}

/// Where the icon is.
pub(super) fn icon() -> String {
    ICON.address()
}

/// A file by its name.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let assets = [&*STYLE, &*SCRIPT, &*ICON];
    let Some(asset) = assets.into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Opened as a page of its own, the icon can do nothing.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (headers, asset.content).into_response()
}
