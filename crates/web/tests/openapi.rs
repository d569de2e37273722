//! The committed description of the API is the one that the code gives. A change of the API is
//! therefore seen in review; `UPDATE_OPENAPI=1 cargo test -p herald-web openapi` writes it.

use std::{env, fs, path::Path};

#[test]
fn the_committed_openapi_document_is_what_the_code_describes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let described = format!("{}\n", herald_web::openapi().to_pretty_json().unwrap());
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &described).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == described,
        "openapi.json is not what the code describes; \
         run UPDATE_OPENAPI=1 cargo test -p herald-web openapi"
    );
}
