//! Documents: what proves something about a client, with an image of each side.
//!
//! A document says of its images all but their bytes: those are kept apart, and only downloaded.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{
    CLIENT_ID, CREATED_AT, ID, Kind, Resource, UPDATED_AT, optional, own, required,
    shape::{Rule, Shape, given, missing},
};
use crate::{
    exact_json::{Object, Value},
    id::{ObjectId, ResourceId},
    problem::Problem,
    time::Timestamp,
};

/// Smallest image, bytes: 34 KB.
pub const SMALLEST_IMAGE: usize = 34 * 1024;
/// Largest image, bytes: 4 MB.
pub const LARGEST_IMAGE: usize = 4 * 1024 * 1024;
/// Longest name of an image's file, characters.
const FILE_NAME_LENGTH: usize = 255;

/// A document.
pub const DOCUMENT: Shape = Shape(&[
    ID,
    CLIENT_ID,
    required("type", Rule::Word(TYPES), "What it is.").filter(),
    optional("classification", Rule::Word(CLASSIFICATIONS), "What it is to prove.").filter(),
    optional("issuingCountry", Rule::Country, "Which country issued it.").filter(),
    own("images", Rule::List(&IMAGE), "An image of each side; absent until one is uploaded."),
    CREATED_AT,
    UPDATED_AT,
]);

/// An image of a document's side.
pub const IMAGE: Shape = Shape(&[
    ID,
    own("fileName", Rule::Text, "The name that it was uploaded under."),
    own("documentSide", Rule::Word(&["front", "back"]), "Which side it shows."),
    own("downloadLink", Rule::Text, "Where it can be downloaded, with the same key."),
    own("contentType", Rule::Text, "By the ending of its name."),
    own("size", Rule::Number, "How large it is, bytes."),
    CREATED_AT,
    UPDATED_AT,
]);

const TYPES: &[&str] = &[
    "passport",
    "driving_license",
    "national_insurance_number",
    "social_security_number",
    "tax_identification_number",
    "national_identity_card",
    "visa",
    "polling_card",
    "residence_permit",
    "birth_certificate",
    "bank_statement",
    "change_of_name",
    "tax_document",
    "company_confirmation_statement",
    "company_annual_accounts",
    "company_statement_of_capital",
    "company_change_of_address",
    "company_incorporation",
    "company_change_of_officers",
    "company_change_of_beneficial_owners",
    "unknown",
    "other",
];

const CLASSIFICATIONS: &[&str] = &[
    "proof_of_identity",
    "source_of_wealth",
    "source_of_funds",
    "proof_of_address",
    "company_filing",
    "other",
];

/// By the endings of file names, what is inside. `image/jpg` is no registered type, but is what
/// the service says of a `.jpg`.
const CONTENT_TYPES: &[(&str, &str)] = &[
    (".jpg", "image/jpg"),
    (".jpeg", "image/jpeg"),
    (".png", "image/png"),
    (".pdf", "application/pdf"),
];

/// A side of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Side {
    /// The front.
    Front = 0,
    /// The back.
    Back = 1,
}

/// The word is no side of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a document's side is front or back")]
pub struct UnknownSide;

impl Side {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Side {
    type Err = UnknownSide;

    fn from_str(text: &str) -> Result<Self, UnknownSide> {
        [Self::Front, Self::Back].into_iter().find(|side| side.as_str() == text).ok_or(UnknownSide)
    }
}

/// An image that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    file_name: String,
    content_type: &'static str,
    /// The image itself.
    pub data: Bytes,
}

impl Upload {
    /// Reads an upload: `fileName`, and `data` in base64, line breaks allowed.
    pub fn read(mut request: Object) -> Result<Self, Problem> {
        let file_name = given(&mut request, "fileName").ok_or_else(|| missing("fileName"))?;
        let (file_name, content_type) = named(&file_name).ok_or_else(|| {
            let endings: Vec<_> = CONTENT_TYPES.iter().map(|(ending, _)| *ending).collect();
            let message = format!(
                "'fileName' should be the name of a file that ends in {}",
                endings.join(", ")
            );
            Problem::invalid("fileName", message)
        })?;
        let refused = |message: String| Problem::invalid("data", message);
        let data = given(&mut request, "data").ok_or_else(|| missing("data"))?;
        let data = data.as_str().and_then(decoded);
        let data = data.ok_or_else(|| refused("'data' should be an image in base64".into()))?;
        if !(SMALLEST_IMAGE..=LARGEST_IMAGE).contains(&data.len()) {
            let message = format!(
                "'data' should be an image of 34 KB to 4 MB ({SMALLEST_IMAGE} to {LARGEST_IMAGE} \
                 bytes); this one has {} bytes",
                data.len()
            );
            return Err(refused(message));
        }
        Ok(Self { file_name, content_type, data: data.into() })
    }
}

/// The document that a request asks for. Its client is still to be looked up.
pub fn create(request: Object, id: ResourceId, at: Timestamp) -> Result<Resource, Problem> {
    Ok(Resource::new(Kind::Document, id, DOCUMENT.read(request)?, at))
}

/// The document after an update; `None` if it changes nothing.
pub fn update(
    document: &Resource,
    request: Object,
    at: Timestamp,
) -> Result<Option<Resource>, Problem> {
    Ok(document.with(DOCUMENT.merge(&document.object, request)?, at))
}

/// Where an image comes from, beside its upload.
#[derive(Clone, Copy, Debug)]
pub struct NewImage<'a> {
    /// Which side it shows.
    pub side: Side,
    /// Its id.
    pub id: ObjectId,
    /// The beginning of its link, such as `https://hooks.example.com`; empty for one that is
    /// relative to the API's own address.
    pub public_url: &'a str,
    /// When it was uploaded.
    pub at: Timestamp,
}

/// The document with a new image of a side, instead of the one that it may have had.
pub fn with_image(document: &Resource, upload: &Upload, new: NewImage<'_>) -> Resource {
    let NewImage { side, id, public_url, at } = new;
    let link = format!("{public_url}/v1/documents/{}/download/{side}", document.id);
    let size = i32::try_from(upload.data.len()).unwrap_or(i32::MAX);
    let fields: [(&str, Value); 8] = [
        ("id", id.to_string().into()),
        ("fileName", upload.file_name.as_str().into()),
        ("documentSide", side.as_str().into()),
        ("downloadLink", link.into()),
        ("contentType", upload.content_type.into()),
        ("size", size.into()),
        ("createdAt", at.to_string().into()),
        ("updatedAt", at.to_string().into()),
    ];
    let image: Object = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let mut images = other_images(document, side);
    let place = if side == Side::Front { 0 } else { images.len() };
    images.insert(place, image.into());
    with_images(document, images, at).unwrap_or_else(|| document.clone())
}

/// The document without its image of a side; `None` if it has none.
pub fn without_image(document: &Resource, side: Side, at: Timestamp) -> Option<Resource> {
    image(document, side)?;
    with_images(document, other_images(document, side), at)
}

/// What a document says of its image of a side.
pub fn image(document: &Resource, side: Side) -> Option<&Object> {
    let shows = |image: &&Object| image.get("documentSide") == Some(&side.as_str().into());
    images(document).iter().filter_map(Value::as_object).find(shows)
}

/// That a document has no image of this side.
pub fn no_image(document: ResourceId, side: &str) -> Problem {
    let shown: String = side.chars().take(100).collect();
    Problem::absent(format!("Document '{document}' has no image of its side '{shown}'"))
}

fn images(document: &Resource) -> &[Value] {
    document.object.get("images").and_then(Value::as_array).unwrap_or_default()
}

fn other_images(document: &Resource, side: Side) -> Vec<Value> {
    let side = Value::from(side.as_str());
    let others = images(document).iter();
    others.filter(|image| image.get("documentSide") != Some(&side)).cloned().collect()
}

fn with_images(document: &Resource, images: Vec<Value>, at: Timestamp) -> Option<Resource> {
    let mut fields = document.object.clone();
    if images.is_empty() {
        fields.remove("images");
    } else {
        fields.insert("images".into(), images.into());
    }
    document.with(fields, at)
}

/// A file's name and what is inside, if it is a plain name with a known ending.
fn named(value: &Value) -> Option<(String, &'static str)> {
    let name = value.as_str()?;
    let plain = !name.contains(|c: char| c.is_control() || c == '/' || c == '\\');
    let short = name.chars().count() <= FILE_NAME_LENGTH;
    let lower = name.to_ascii_lowercase();
    let (_, content_type) = CONTENT_TYPES.iter().find(|(ending, _)| lower.ends_with(ending))?;
    (plain && short).then(|| (name.to_owned(), *content_type))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let dense: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return STANDARD.decode(dense).ok();
    }
    STANDARD.decode(text).ok()
}
