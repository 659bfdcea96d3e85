//! Reads JSON into a value, and tells of the one thing that a value hides: a key that an object has twice.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// The value of this JSON, and a key that some object of it has twice, which a [`Value`] hides; `None` where it is not JSON, or more than one value.
pub(crate) fn careful(json: &[u8]) -> Option<(Value, Option<String>)> {
    let repeated = RefCell::default();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = Careful(&repeated).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some((value, repeated.into_inner()))
}

/// Builds a [`Value`] and notes a key that an object had twice, which `Value` itself hides.
struct Careful<'a>(&'a RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Careful<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Careful<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Careful(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Careful(self.0)).map_err(A::Error::custom)?;
            match fields.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(mut entry) => {
                    self.0.replace(Some(entry.key().clone()));
                    entry.insert(value);
                }
            }
        }
        Ok(Value::Object(fields))
    }
}
