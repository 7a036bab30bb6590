//! Requests are strict and answers are whole: said once here, in place of at every type.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::{
    Object, Paths, RefOr, Schema,
    schema::{AdditionalProperties, ArrayItems, SchemaType, Type},
};

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Closes what is asked for: an unknown field is refused at every depth. And says of what is
/// answered that a field is there even where its value is null; what may be missing is never null,
/// and its type says so with `nullable = false`.
pub fn say(paths: &Paths, schemas: &mut Schemas) {
    let mut asked = BTreeSet::new();
    for item in paths.paths.values() {
        let operations = [&item.get, &item.put, &item.post, &item.delete, &item.patch];
        for operation in operations.into_iter().flatten() {
            collect(&operation.request_body, schemas, &mut asked);
        }
    }
    for (name, schema) in schemas {
        if asked.contains(name) {
            each_object(schema, &mut close);
        } else {
            each_object(schema, &mut require_nullable);
        }
    }
}

/// Adds the names of all schemas that `part` refers to, directly or not.
fn collect(part: &impl Serialize, schemas: &Schemas, found: &mut BTreeSet<String>) {
    let mut names = Vec::new();
    references(&serde_json::to_value(part).unwrap_or_default(), &mut names);
    for name in names {
        if let Some(schema) = schemas.get(&name)
            && found.insert(name)
        {
            collect(schema, schemas, found);
        }
    }
}

fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            if let Some(reference) = entries.get("$ref").and_then(Value::as_str) {
                names.extend(reference.strip_prefix("#/components/schemas/").map(str::to_owned));
            }
            entries.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, names)),
        _ => {}
    }
}

/// Every object that a schema describes itself, at every depth.
fn each_object(schema: &mut RefOr<Schema>, act: &mut impl FnMut(&mut Object)) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            act(object);
            object.properties.values_mut().for_each(|property| each_object(property, act));
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                each_object(items, act);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|item| each_object(item, act)),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|item| each_object(item, act)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|item| each_object(item, act)),
        _ => {}
    }
}

fn close(object: &mut Object) {
    if !object.properties.is_empty() && object.additional_properties.is_none() {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    }
}

fn require_nullable(object: &mut Object) {
    for (name, property) in &object.properties {
        if may_be_null(property) && !object.required.contains(name) {
            object.required.push(name.clone());
        }
    }
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    let has_null = |kind: &SchemaType| match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => has_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => has_null(&array.schema_type),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().any(may_be_null),
        _ => false,
    }
}
