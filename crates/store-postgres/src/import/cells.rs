//! Values of the neutral form as PostgreSQL's, by the types of the columns that they stand in.

use bytes::BytesMut;
use herald_store::transfer::Value;
use postgres_types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Error = Box<dyn std::error::Error + Sync + Send>;

/// Every type of a column that is copied.
pub(super) const TYPES: &[Type] =
    &[Type::INT2, Type::INT4, Type::INT8, Type::BOOL, Type::TEXT, Type::BYTEA];

/// A value that is written.
#[derive(Debug)]
pub(super) struct Cell<'a>(pub &'a Value);

impl ToSql for Cell<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Error> {
        match (self.0, ty) {
            (Value::Absent, _) => Ok(IsNull::Yes),
            (Value::Integer(number), &Type::INT2) => i16::try_from(*number)?.to_sql(ty, out),
            (Value::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Value::Integer(number), &Type::INT8) => number.to_sql(ty, out),
            (Value::Boolean(truth), &Type::BOOL) => truth.to_sql(ty, out),
            (Value::Text(text), &Type::TEXT) => text.to_sql(ty, out),
            (Value::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (_, other) => Err(format!("the value is no {other}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        TYPES.contains(ty)
    }

    to_sql_checked!();
}

/// A value that was read.
#[derive(Debug)]
pub(super) struct Read(pub Value);

impl<'a> FromSql<'a> for Read {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Error> {
        Ok(Self(match *ty {
            Type::INT2 => Value::Integer(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Value::Integer(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Value::Integer(i64::from_sql(ty, raw)?),
            Type::BOOL => Value::Boolean(bool::from_sql(ty, raw)?),
            Type::TEXT => Value::Text(String::from_sql(ty, raw)?),
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            ref other => return Err(format!("{other} is not copied").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Error> {
        Ok(Self(Value::Absent))
    }

    fn accepts(ty: &Type) -> bool {
        TYPES.contains(ty)
    }
}
