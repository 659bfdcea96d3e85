//! Which rule of a field a good value is about, and which one names it: a rule that only stands near a value says nothing of why the value is refused.

use serde_json::Value;

use super::values::size;
use super::{ClauseId, Rule, Schema, Unambiguous};

impl Schema {
    /// The rule that a good value is about: a list or pattern that has it, else the limit that it is near to, else the type.
    pub fn rule_about(&self, value: &Value) -> Option<&Rule> {
        let near = || self.rule(self.limit_near(value)?.0.keyword());
        self.names_values().or_else(near).or(self.rules.first())
    }

    /// The clause of the rule that names this good value: a list that holds it, or a limit that it stands at. A rule of the items names what an array holds
    /// alone. `None` where the documentation allows the value and does not name it.
    pub fn clause_naming(&self, value: &Value) -> Option<ClauseId> {
        let lists = |rule: &&Rule| matches!(rule, Rule::Enum(_) | Rule::Const(_) | Rule::Table(..));
        let is_at = |rule: &&Rule| rule.distance(value).is_some_and(|distance| distance <= rule.reach());
        let own = self.rules.iter().find(lists).or_else(|| self.rules.iter().find(is_at));
        let of_item = || match value.as_array().map(Vec::as_slice) {
            Some([item]) => self.items.as_deref()?.clause_naming(item),
            _ => None,
        };
        own.map(|rule| self.clause(rule.keyword())).or_else(of_item)
    }

    /// The limit that a value is nearest to, as the schema has it or as every reading keeps it, and how far it is from there. `None` for a value that is as
    /// near to nothing as to any limit, and where the values themselves are listed.
    pub fn limit_near(&self, value: &Value) -> Option<(&Rule, f64)> {
        let unambiguous = match &self.unambiguous {
            Unambiguous::Within(unambiguous) => unambiguous.rules.as_slice(),
            Unambiguous::All | Unambiguous::Nothing => &[],
        };
        let limits = self.rules.iter().chain(unambiguous).filter(|_| self.names_values().is_none());
        let distances = limits.filter_map(|limit| Some((limit, limit.distance(value)?)));
        let (limit, distance) = distances.min_by(|(_, one), (_, other)| one.total_cmp(other))?;
        (distance == 0.0 || distance < size(value)?.abs()).then_some((limit, distance))
    }

    /// The rule that says which values there are, rather than how large they are.
    fn names_values(&self) -> Option<&Rule> {
        let names_values = |rule: &&Rule| {
            matches!(rule, Rule::Enum(_) | Rule::Const(_) | Rule::Table(..) | Rule::Pattern(_) | Rule::Format(_))
        };
        self.rules.iter().find(names_values)
    }
}

impl Rule {
    /// How far a value may be from a limit that names it: one that is no good value itself names what is between it and the next whole number.
    pub(crate) fn reach(&self) -> f64 {
        if matches!(self, Self::ExclusiveMinimum(_) | Self::ExclusiveMaximum(_)) { 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::contract::{ClauseId, Rule, Schema, Type, Unambiguous};

    fn about(rules: Vec<Rule>, unambiguous: Vec<Rule>, value: &Value) -> Option<&'static str> {
        let unambiguous = Unambiguous::Within(Box::new(Schema { rules: unambiguous, ..Schema::default() }));
        Schema { rules, unambiguous, ..Schema::default() }.rule_about(value).map(Rule::keyword)
    }

    #[test]
    fn a_value_is_named_by_a_list_or_by_the_limit_that_it_stands_at() {
        let within = |rules| Unambiguous::Within(Box::new(Schema { rules, ..Schema::default() }));
        let text = Schema {
            place: "request.name".to_owned(),
            rules: vec![Rule::Type(vec![Type::String]), Rule::MaxLength(255)],
            unambiguous: within(vec![Rule::MaxLength(128)]),
            ..Schema::default()
        };
        let kinds =
            Schema { place: "request.kind".to_owned(), rules: vec![Rule::Enum(vec![json!("a")])], ..Schema::default() };
        let texts = Schema { items: Some(Box::new(text.clone())), ..Schema::default() };
        let long = || "a".repeat(255);
        for (schema, value, expected) in [
            (&text, json!("a".repeat(128)), None),
            (&text, json!("0a"), None),
            (&text, json!(long()), Some("request.name.maxLength")),
            (&kinds, json!("a"), Some("request.kind.enum")),
            (&texts, json!([long()]), Some("request.name.maxLength")),
            (&texts, json!([long(), "b"]), None),
        ] {
            assert_eq!(schema.clause_naming(&value).as_ref().map(ClauseId::as_str), expected, "{value}");
        }
    }

    #[test]
    fn a_limit_that_is_no_value_itself_names_what_is_next_to_it() {
        let open = |kind| Schema {
            place: "request.price".to_owned(),
            rules: vec![Rule::Type(vec![kind]), Rule::ExclusiveMaximum(1000.into())],
            ..Schema::default()
        };
        for (kind, value, is_named) in [
            (Type::Integer, json!(999), true),
            (Type::Integer, json!(998), false),
            (Type::Number, json!(999.999_999_9), true),
            (Type::Number, json!(999), true),
            (Type::Number, json!(500), false),
        ] {
            let named = open(kind).clause_naming(&value);
            let expected = is_named.then_some("request.price.exclusiveMaximum");
            assert_eq!(named.as_ref().map(ClauseId::as_str), expected, "{value}");
        }
    }

    #[test]
    fn a_number_is_about_the_limit_that_is_nearest() {
        let rules = || vec![Rule::Type(vec![Type::Integer]), Rule::Minimum(1.into()), Rule::Maximum(1024.into())];
        for (value, expected) in [(1, "minimum"), (2, "minimum"), (512, "minimum"), (513, "maximum"), (1024, "maximum")]
        {
            assert_eq!(about(rules(), Vec::new(), &json!(value)), Some(expected), "{value}");
        }
        let rules = || vec![Rule::Type(vec![Type::Integer]), Rule::Minimum(0.into())];
        for (value, expected) in [(0, "minimum"), (1, "type"), (30, "type"), (50, "type"), (99, "type")] {
            assert_eq!(about(rules(), vec![Rule::Maximum(99.into())], &json!(value)), Some(expected), "{value}");
        }
    }

    #[test]
    fn a_text_far_from_every_limit_is_about_the_type() {
        let rules = || vec![Rule::Type(vec![Type::String]), Rule::MaxLength(255)];
        let unambiguous = || vec![Rule::MinLength(1), Rule::MaxLength(128)];
        for (length, expected) in [(1, "type"), (64, "type"), (65, "maxLength"), (128, "maxLength")] {
            assert_eq!(about(rules(), unambiguous(), &json!("a".repeat(length))), Some(expected), "{length}");
        }
    }

    #[test]
    fn a_listed_value_is_about_the_list_and_what_has_no_limit_about_the_type() {
        let listed = vec![Rule::Type(vec![Type::String]), Rule::Enum(vec![json!("a")]), Rule::MaxLength(1)];
        assert_eq!(about(listed, Vec::new(), &json!("a")), Some("enum"));
        let items = || vec![Rule::Type(vec![Type::Array]), Rule::MaxItems(10)];
        assert_eq!(about(items(), Vec::new(), &json!([1, 2, 3, 4, 5])), Some("type"));
        assert_eq!(about(items(), Vec::new(), &json!([1, 2, 3, 4, 5, 6])), Some("maxItems"));
        assert_eq!(about(items(), Vec::new(), &json!(true)), Some("type"));
        assert_eq!(about(Vec::new(), Vec::new(), &json!(true)), None);
    }
}
