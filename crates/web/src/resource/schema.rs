//! The description of a resource's bodies, made of its table of fields: whole, as answers show it;
//! what a request sets that makes one; what an update may change.

use herald_domain::resource::shape::{
    Field, METADATA_ENTRIES, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH, Origin, Rule, Shape,
    TEXT_LENGTH,
};
use serde_json::Value;
use utoipa::openapi::{
    KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
    schema::{ArrayBuilder, SchemaType},
};

/// Herald's own fields that come with time; the others are there from the start.
const COME_LATER: [&str; 4] = ["images", "result", "breakdown", "validation"];

/// What a request need not say, and an answer says nevertheless.
const MADE_UP: [&str; 1] = ["enableMonitoring"];

/// Gives a schema its name in the description; the first comment is its text there.
macro_rules! described {
    ($(#[doc = $about:literal])+ $name:ident: $schema:expr, $example:expr) => {
        $(#[doc = $about])+
        pub(crate) enum $name {}

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let about = [$($about),+].map(str::trim).join(" ");
                $schema.description(Some(about)).examples([$example]).into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use described;

/// What of a resource is described.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// All of it.
    Answer,
    /// What a request sets that makes it.
    Request,
    /// What can be changed of it.
    Update,
}

/// All that answers show.
pub(crate) fn answer(shape: &Shape) -> ObjectBuilder {
    object(shape, Form::Answer)
}

/// What it takes to make one.
pub(crate) fn request(shape: &Shape) -> ObjectBuilder {
    object(shape, Form::Request)
}

/// What can be changed of one; `null` removes.
pub(crate) fn update(shape: &Shape) -> ObjectBuilder {
    object(shape, Form::Update)
}

/// The same, if only these fields can be changed.
pub(crate) fn update_of(shape: &Shape, names: &[&str]) -> ObjectBuilder {
    let fields = shape.0.iter().filter(|field| names.contains(&field.name));
    fields.fold(ObjectBuilder::new(), |object, field| {
        object.property(field.name, property(field, Form::Update))
    })
}

/// One of these words.
pub(crate) fn word(words: &[&'static str]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied()))
}

/// What a field may hold, for a question about it.
pub(super) fn asked(rule: Rule) -> ObjectBuilder {
    match rule {
        Rule::Text => of_type(Type::String, false),
        rule => plain(rule, false),
    }
}

fn object(shape: &Shape, form: Form) -> ObjectBuilder {
    let fields = shape.0.iter().filter(|field| form.shows(field));
    fields.fold(ObjectBuilder::new(), |object, field| {
        let object = object.property(field.name, property(field, form));
        if form.requires(field) { object.required(field.name) } else { object }
    })
}

impl Form {
    fn shows(self, field: &Field) -> bool {
        match self {
            Self::Answer => true,
            Self::Request => field.origin != Origin::Own,
            Self::Update => matches!(field.origin, Origin::Required | Origin::Optional),
        }
    }

    fn requires(self, field: &Field) -> bool {
        let to_give = matches!(field.origin, Origin::Required | Origin::Fixed);
        match self {
            Self::Answer if field.origin == Origin::Own => !COME_LATER.contains(&field.name),
            Self::Answer => to_give || MADE_UP.contains(&field.name),
            Self::Request => to_give,
            Self::Update => false,
        }
    }
}

fn property(field: &Field, form: Form) -> RefOr<Schema> {
    let about = Some(field.about);
    let nullable = form == Form::Update && field.origin == Origin::Optional;
    match field.rule {
        Rule::List(shape) => {
            ArrayBuilder::new().items(object(shape, form)).description(about).into()
        }
        Rule::Details(shape) => object(shape, form)
            .schema_type(type_of(Type::Object, nullable))
            .description(about)
            .into(),
        // Who reads needs no limits.
        Rule::Text if form == Form::Answer => {
            of_type(Type::String, nullable).description(about).into()
        }
        rule => plain(rule, nullable).description(about).into(),
    }
}

/// A value that has no shape of its own.
fn plain(rule: Rule, nullable: bool) -> ObjectBuilder {
    let text = || of_type(Type::String, nullable);
    let format = |format| Some(SchemaFormat::KnownFormat(format));
    match rule {
        Rule::Text => text().min_length(Some(1)).max_length(Some(TEXT_LENGTH)),
        Rule::Email => text().format(format(KnownFormat::Email)),
        Rule::Date => text().format(format(KnownFormat::Date)),
        Rule::Time => text().format(format(KnownFormat::DateTime)),
        Rule::Country => text().pattern(Some("^[A-Z]{2}$")),
        Rule::Word(words) => {
            let words = words.iter().copied().map(Value::from);
            text().enum_values(Some(words.chain(nullable.then_some(Value::Null))))
        }
        Rule::Flag => of_type(Type::Boolean, nullable),
        Rule::Number => of_type(Type::Integer, nullable),
        Rule::Metadata => of_type(Type::Object, nullable)
            .max_properties(Some(METADATA_ENTRIES))
            .property_names(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .min_length(Some(1))
                    .max_length(Some(METADATA_KEY_LENGTH)),
            ))
            .additional_properties(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .max_length(Some(METADATA_VALUE_LENGTH)),
            )),
        Rule::Anything | Rule::Details(_) => of_type(Type::Object, nullable),
        Rule::List(_) => of_type(Type::Array, nullable),
    }
}

fn of_type(kind: Type, nullable: bool) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(type_of(kind, nullable))
}

fn type_of(kind: Type, nullable: bool) -> SchemaType {
    if nullable { [kind, Type::Null].into_iter().collect() } else { kind.into() }
}
