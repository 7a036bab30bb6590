//! Requests in which one field decides about others: a schema for each kind, where the type's own would
//! take what the server refuses.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::{
    Object, ObjectBuilder, OneOfBuilder, RefOr, Schema,
    schema::{SchemaType, Type},
};

/// One kind of a request.
struct Kind {
    /// Fields that must be given.
    needs: &'static [&'static str],
    /// Fields that must be null or absent.
    without: &'static [&'static str],
    /// A field that has one of these values only.
    only: Option<(&'static str, Value)>,
}

/// What a bid offers: exactly one of three.
fn bids() -> Vec<Kind> {
    vec![
        Kind { needs: &["amount"], without: &["max", "buy_now"], only: None },
        Kind { needs: &["max"], without: &["amount", "buy_now"], only: None },
        Kind { needs: &["buy_now"], without: &["amount", "max"], only: Some(("buy_now", json!([true]))) },
    ]
}

/// What each format of an auction uses.
fn rules() -> Vec<Kind> {
    let sealed = json!(["sealed_first_price", "sealed_second_price"]);
    vec![
        Kind { needs: &["increment"], without: &["dutch"], only: Some(("format", json!(["english"]))) },
        Kind {
            needs: &["dutch"],
            without: &["reserve_price", "buy_now_price", "increment", "below_reserve", "soft_close"],
            only: Some(("format", json!(["dutch"]))),
        },
        Kind {
            needs: &[],
            without: &["buy_now_price", "increment", "below_reserve", "soft_close", "dutch"],
            only: Some(("format", sealed)),
        },
    ]
}

/// Puts the kinds in the place of the whole.
pub fn tell_apart(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    for (name, kinds) in [("BidRequest", bids()), ("RulesInput", rules())] {
        let Some(RefOr::T(Schema::Object(whole))) = schemas.get(name) else { continue };
        let one = OneOfBuilder::new().description(whole.description.clone()).examples(whole.example.clone());
        let one = kinds.iter().fold(one, |one, kind| one.item(kind.of(whole)));
        schemas.insert(name.to_owned(), one.into());
    }
}

impl Kind {
    fn of(&self, whole: &Object) -> Object {
        let mut object = whole.clone();
        (object.description, object.example) = (None, None);
        for field in self.without {
            object.properties.insert((*field).to_owned(), ObjectBuilder::new().schema_type(Type::Null).into());
        }
        for field in self.needs {
            object.required.push((*field).to_owned());
            if let Some(property) = object.properties.get_mut(*field) {
                *property = given(property);
            }
        }
        if let Some((field, values)) = &self.only {
            let values = ObjectBuilder::new().schema_type(SchemaType::AnyValue).enum_values(values.as_array().cloned());
            object.properties.insert((*field).to_owned(), values.into());
        }
        object
    }
}

/// The schema without its null.
fn given(schema: &RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::OneOf(one)) => one.items.first().unwrap_or(schema).clone(),
        other => other.clone(),
    }
}
