//! Which rule of a field a good value is about: the one that is to blame when the value is refused all the same.

use serde_json::Value;

use super::rule::size;
use super::{Certain, Rule, Schema};

impl Schema {
    /// The rule that a good value is about: a list or pattern that has it, else the limit that is nearest, else the type.
    /// A value that is nearer to nothing than to any limit is about the type, too.
    pub fn rule_about(&self, value: &Value) -> Option<&Rule> {
        let names_values = |rule: &&Rule| {
            matches!(rule, Rule::Enum(_) | Rule::Const(_) | Rule::Table(..) | Rule::Pattern(_) | Rule::Format(_))
        };
        let named = self.rules.iter().find(names_values);
        named.or_else(|| self.nearest_limit(value)).or(self.rules.first())
    }

    /// The limit that a value is nearest to, as the schema has it or as every reading keeps it.
    fn nearest_limit(&self, value: &Value) -> Option<&Rule> {
        let certain = match &self.certain {
            Certain::Within(certain) => certain.rules.as_slice(),
            Certain::All | Certain::Nothing => &[],
        };
        let limits = self.rules.iter().chain(certain).filter_map(|limit| {
            let distance = limit.distance(value)?;
            Some((self.rule(limit.keyword())?, distance))
        });
        let (nearest, distance) = limits.min_by(|(_, one), (_, other)| one.total_cmp(other))?;
        (distance <= size(value)?.abs()).then_some(nearest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::contract::{Certain, Rule, Schema, Type};

    fn about(rules: Vec<Rule>, certain: Vec<Rule>, value: &Value) -> Option<&'static str> {
        let certain = Certain::Within(Box::new(Schema { rules: certain, ..Schema::default() }));
        Schema { rules, certain, ..Schema::default() }.rule_about(value).map(Rule::keyword)
    }

    #[test]
    fn a_number_is_about_the_limit_that_is_nearest() {
        let rules = || vec![Rule::Type(vec![Type::Integer]), Rule::Minimum(1.into()), Rule::Maximum(1024.into())];
        for (value, expected) in [(1, "minimum"), (2, "minimum"), (512, "minimum"), (513, "maximum"), (1024, "maximum")]
        {
            assert_eq!(about(rules(), Vec::new(), &json!(value)), Some(expected), "{value}");
        }
        assert_eq!(
            about(vec![Rule::Type(vec![Type::Integer]), Rule::Minimum(0.into())], vec![], &json!(0)),
            Some("minimum")
        );
    }

    #[test]
    fn a_text_far_from_every_limit_is_about_the_type() {
        let rules = || vec![Rule::Type(vec![Type::String]), Rule::MaxLength(255)];
        let certain = || vec![Rule::MinLength(1), Rule::MaxLength(128)];
        for (length, expected) in [(1, "type"), (63, "type"), (64, "maxLength"), (128, "maxLength")] {
            assert_eq!(about(rules(), certain(), &json!("a".repeat(length))), Some(expected), "{length}");
        }
    }

    #[test]
    fn a_listed_value_is_about_the_list_and_what_has_no_limit_about_the_type() {
        let listed = vec![Rule::Type(vec![Type::String]), Rule::Enum(vec![json!("a")]), Rule::MaxLength(1)];
        assert_eq!(about(listed, Vec::new(), &json!("a")), Some("enum"));
        let items = || vec![Rule::Type(vec![Type::Array]), Rule::MaxItems(10)];
        assert_eq!(about(items(), Vec::new(), &json!(["a"])), Some("type"));
        assert_eq!(about(items(), Vec::new(), &json!([1, 2, 3, 4, 5])), Some("maxItems"));
        assert_eq!(about(items(), Vec::new(), &json!(true)), Some("type"));
        assert_eq!(about(Vec::new(), Vec::new(), &json!(true)), None);
    }
}
