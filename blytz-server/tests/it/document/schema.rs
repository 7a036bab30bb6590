//! The document's schemas, compiled.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// Named schemas, and what was compiled of them so far.
pub struct Schemas {
    named: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    /// As they stand in the document.
    pub fn of_requests(components: &Value) -> Self {
        Self::new(each(components, |name, schema| vec![(name.to_owned(), moved(schema))]))
    }

    /// With what the contract says of answers beyond the document, which lets clients expect fields
    /// that are added later, and lets them write times as they like: no field that is not described,
    /// at any depth, and every time with six digits.
    pub fn of_answers(components: &Value) -> Self {
        Self::new(each(components, |name, schema| {
            let mut schema = schema.clone();
            if name == "Timestamp" {
                schema["pattern"] = json!(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$");
            }
            vec![(name.to_owned(), closed(&schema, false)), (open_name(name), closed(&schema, true))]
        }))
    }

    fn new(named: Value) -> Self {
        Self { named, compiled: Mutex::default() }
    }

    /// Whether `value` is what `schema`, as the document has it, describes.
    ///
    /// # Errors
    /// Every fault and where it is.
    pub fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let validator = self.validator(schema);
        let faults: Vec<String> = validator
            .iter_errors(value)
            .take(5)
            .map(|fault| format!("{} at {:?}", fault, fault.instance_path().to_string()))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let key = schema.to_string();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || {
            let mut whole = moved(schema);
            whole["$defs"] = self.named.clone();
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            Arc::new(options.build(&whole).expect("the document's schemas are schemas"))
        };
        Arc::clone(compiled.entry(key).or_insert_with(compile))
    }
}

fn each(components: &Value, change: impl Fn(&str, &Value) -> Vec<(String, Value)>) -> Value {
    let schemas = components.as_object().expect("schemas").iter();
    Value::Object(schemas.flat_map(|(name, schema)| change(name, schema)).collect())
}

/// A part of a whole must leave the whole's other fields alone.
fn open_name(name: &str) -> String {
    format!("{name}.part")
}

/// The schema with its references led to where this module keeps them.
fn moved(schema: &Value) -> Value {
    match schema {
        Value::Object(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), led(key, value, false, moved))).collect()
        }
        Value::Array(items) => items.iter().map(moved).collect(),
        plain => plain.clone(),
    }
}

/// The schema with every object in it closed. What is a `part` of an `allOf` is closed by the whole
/// that it is a part of; what stands below its fields is not.
fn closed(schema: &Value, part: bool) -> Value {
    let Some(entries) = schema.as_object() else { return schema.clone() };
    let below = |value: &Value, part: bool| match value {
        Value::Array(items) => items.iter().map(|item| closed(item, part)).collect(),
        single => closed(single, part),
    };
    let mut result: Map<String, Value> = entries
        .iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "properties" => each(value, |name, field| vec![(name.to_owned(), closed(field, false))]),
                "items" | "additionalProperties" => below(value, false),
                "allOf" => below(value, true),
                "oneOf" | "anyOf" => below(value, part),
                _ => led(key, value, part, Value::clone),
            };
            (key.clone(), value)
        })
        .collect();
    let has_fields = entries.contains_key("properties") || entries.contains_key("allOf");
    if has_fields && !part && !entries.contains_key("additionalProperties") {
        result.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    Value::Object(result)
}

/// A reference led to where this module keeps it; anything else as `otherwise` has it.
fn led(key: &str, value: &Value, part: bool, otherwise: impl Fn(&Value) -> Value) -> Value {
    match value.as_str().and_then(|place| place.strip_prefix("#/components/schemas/")) {
        Some(name) if key == "$ref" => {
            let name = if part { open_name(name) } else { name.to_owned() };
            json!(format!("#/$defs/{name}"))
        }
        _ => otherwise(value),
    }
}
