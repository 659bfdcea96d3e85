//! Takes out of a text what a JSON pointer leads to, and reads nothing else: whoever answers decides how long an answer is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What a JSON pointer leads to within a text, without reading the rest; `None` where there is nothing, or the text is not JSON.
pub(crate) fn raw_at<'a>(text: &'a str, pointer: &str) -> Option<&'a RawValue> {
    let mut keys = pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"));
    let Some(first) = keys.next() else { return serde_json::from_str(text).ok() };
    let mut found = under(text, &first)?;
    for key in keys {
        found = under(found.get(), &key)?;
    }
    Some(found)
}

/// The value of one key of an object, in a text that is JSON to its end.
fn under<'a>(text: &'a str, key: &str) -> Option<&'a RawValue> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = Under(key).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    found
}

/// Reads the value of one key.
struct Under<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Under<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Under<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
            if key == self.0 {
                if found.is_some() {
                    return Err(A::Error::custom("the key is given twice"));
                }
                found = Some(entries.next_value()?);
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Hands over the items of an array one by one, as long as they are taken; an error where one is not, or the text is no array.
pub(crate) fn each_item<'a>(array: &'a str, take: impl FnMut(&'a RawValue) -> bool) -> serde_json::Result<()> {
    Each(take).deserialize(&mut serde_json::Deserializer::from_str(array))
}

/// Reads the items of an array.
struct Each<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> bool> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue) -> bool> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            if !(self.0)(item) {
                return Err(A::Error::custom("an item is not taken"));
            }
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Err(E::custom("null is not an array"))
    }
}
