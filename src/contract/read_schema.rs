//! Reads the schemas of a contract; a keyword that the engine cannot honour is an error.

mod checks;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Number, Value};

pub(crate) use checks::named;
use checks::{check_default, check_examples, check_unread, column, must_be_true, pattern};

use super::clause_id::{REQUEST, RESPONSE};
use super::rule::{Format, Notation, Type};
use super::schema::{Returns, Schema, Unambiguous, UnspecifiedValues};
use super::{Derived, Echo, Mark, Relation, Rule, Table, limits, refusals};
use crate::document::{Errors, Fields, Node, SourceError};

/// What reading a schema needs from outside: the tables of the suite and the schemas that others refer to.
pub(super) struct SchemaReader<'a> {
    pub tables: &'a HashMap<String, Arc<Table>>,
    pub shared: HashMap<&'a str, &'a Node>,
    /// How many schemas stand around the one that is read.
    pub depth: Cell<usize>,
    /// The unspecified values of numbers that not every reader can tell from an allowed one.
    pub blur: Option<Arc<UnspecifiedValues>>,
    /// The statuses that the call under test can answer.
    pub answers: Vec<u16>,
}

/// No contract is deeper, but one that refers to itself.
const DEEPEST: usize = 32;

impl<'a> SchemaReader<'a> {
    /// Reads one schema; its clauses will begin with `place`.
    pub(super) fn read(&self, node: &'a Node, place: &str) -> Result<Schema, SourceError> {
        if self.depth.get() == DEEPEST {
            return Err(node.error("a schema that holds itself can be neither made nor held against anything"));
        }
        self.depth.set(self.depth.get() + 1);
        let schema = self.read_at_its_depth(node, place);
        self.depth.set(self.depth.get() - 1);
        schema
    }

    fn read_at_its_depth(&self, node: &'a Node, place: &str) -> Result<Schema, SourceError> {
        let mut fields = node.fields()?;
        if let Some(reference) = fields.optional("$ref") {
            fields.finish()?;
            return self.read(self.resolve(reference)?, place);
        }
        let is_body = place == REQUEST || place == RESPONSE;
        let of_object = ["properties", "additionalProperties", "required"].into_iter().find_map(|key| node.get(key));
        if let Some(node) = of_object.filter(|_| !is_body) {
            let error = node.error("the fields of an object within a body cannot be honoured");
            return Err(error.with_hint("leave them out: `type: object` says that it is one"));
        }
        let blur = self.blur.clone().filter(|_| place.starts_with(REQUEST));
        let mut schema = Schema { place: place.to_owned(), blur, ..Schema::default() };
        if let Some(node) = fields.optional("description") {
            schema.description = node.words()?;
        }
        if let Some(node) = fields.optional("readOnly") {
            must_be_true(node)?;
            match place {
                REQUEST => return Err(node.error("a field of the body can be read-only, and not the body")),
                _ if place.starts_with(REQUEST) => schema.rules.push(Rule::ReadOnly),
                // Of an answer it says what holds of all its fields.
                _ => {}
            }
        }
        schema.rules.extend(self.read_rules(&mut fields)?);
        schema.relations = self.read_relations(&mut fields)?;
        schema.default = fields.optional("default").map(Node::json);
        if let Some(node) = fields.optional("examples") {
            schema.examples = node.items()?.iter().map(Node::json).collect();
        }
        self.read_parts(&mut fields, &mut schema)?;
        self.read_openness(&mut fields, &mut schema)?;
        limits::check(node, &schema)?;
        schema.mark = fields.optional("x-mark").map(|node| Mark::read(node, &schema)).transpose()?;
        check_unread(node)?;
        fields.finish()?;
        schema.make_clauses();
        check_examples(node, &schema)?;
        check_default(node, &schema)?;
        if place.starts_with(REQUEST) {
            Self::check_reach(node, &schema)?;
        }
        Ok(schema)
    }

    /// Holds the limits of a field of the request, of what is unambiguous in it, and of its unspecified against what can be sent.
    fn check_reach(node: &Node, schema: &Schema) -> Result<(), SourceError> {
        limits::check_reach(node, schema)?;
        if let (Unambiguous::Within(unambiguous), Some(node)) = (&schema.unambiguous, node.get("x-unambiguous")) {
            limits::check_reach(node, unambiguous)?;
        }
        let unspecified = node.get("x-unspecified").map_or(Ok(&[][..]), Node::items)?;
        for (unspecified, node) in schema.unspecified.iter().zip(unspecified) {
            if let (Some(schema), Some(node)) = (&unspecified.schema, node.get("schema")) {
                limits::check_reach(node, schema)?;
            }
        }
        Ok(())
    }

    fn resolve(&self, reference: &Node) -> Result<&'a Node, SourceError> {
        let text = reference.text()?;
        let name = text.strip_prefix("#/components/schemas/");
        name.and_then(|name| self.shared.get(name)).copied().ok_or_else(|| {
            reference
                .error(format!("`{text}` is no schema of this file"))
                .with_hint("a reference looks like #/components/schemas/Name")
        })
    }

    fn read_rules(&self, fields: &mut Fields<'a>) -> Result<Vec<Rule>, SourceError> {
        let mut rules = Vec::new();
        if let Some(node) = fields.optional("type") {
            rules.push(Rule::Type(
                node.one_or_more()?.iter().map(|node| named(node, &Type::ALL)).collect::<Result<_, _>>()?,
            ));
        }
        if let Some(node) = fields.optional("enum") {
            let values: Vec<Value> = node.items()?.iter().map(Node::json).collect();
            if values.is_empty() {
                return Err(node.error("an enum without a value allows nothing"));
            }
            rules.push(Rule::Enum(values));
        }
        rules.extend(fields.optional("const").map(|node| Rule::Const(node.json())));
        if let Some(node) = fields.optional("x-table") {
            let mut inner = node.fields()?;
            let table = self.table(inner.required("file")?)?;
            let column = column(&table, inner.required("column")?)?;
            inner.finish()?;
            rules.push(Rule::Table(table, column));
        }
        let counts: [Count; 4] = [
            ("minLength", Rule::MinLength),
            ("maxLength", Rule::MaxLength),
            ("minItems", Rule::MinItems),
            ("maxItems", Rule::MaxItems),
        ];
        for (keyword, rule) in counts {
            rules.extend(fields.optional(keyword).map(Node::count).transpose()?.map(rule));
        }
        rules.extend(fields.optional("minimum").map(Node::number).transpose()?.map(Rule::Minimum));
        rules.extend(fields.optional("maximum").map(Node::number).transpose()?.map(Rule::Maximum));
        let bounds: [Bound; 3] = [
            ("exclusiveMinimum", Rule::ExclusiveMinimum),
            ("exclusiveMaximum", Rule::ExclusiveMaximum),
            ("multipleOf", Rule::MultipleOf),
        ];
        for (keyword, rule) in bounds {
            rules.extend(fields.optional(keyword).map(Node::number).transpose()?.map(rule));
        }
        if let Some(node) = fields.optional("uniqueItems") {
            must_be_true(node)?;
            rules.push(Rule::UniqueItems);
        }
        rules.extend(fields.optional("pattern").map(pattern).transpose()?.map(Rule::Pattern));
        let formats = [("date-time", Format::DateTime), ("uuid", Format::Uuid)];
        if let Some(node) = fields.optional("format") {
            let format = named(node, &formats);
            let hint = "known here: date-time, uuid\nleave any other out: `pattern` and limits say what it asks for";
            rules.push(Rule::Format(format.map_err(|error| error.with_hint(hint))?));
        }
        let notations = [("integer", Notation::Integer), ("decimal", Notation::Decimal)];
        rules.extend(fields.optional("x-written").map(|node| named(node, &notations)).transpose()?.map(Rule::Written));
        rules.extend(fields.optional("x-distinct-by").map(pattern).transpose()?.map(Rule::DistinctBy));
        Ok(rules)
    }

    fn read_relations(&self, fields: &mut Fields<'a>) -> Result<Vec<Relation>, SourceError> {
        let mut relations = Vec::new();
        relations.extend(fields.optional("x-echo").map(read_echo).transpose()?.map(Relation::Echo));
        relations.extend(
            fields.optional("x-derived").map(|node| self.read_derived(node)).transpose()?.map(Relation::Derived),
        );
        relations.extend(fields.optional("x-template").map(Node::words).transpose()?.map(Relation::Template));
        relations.extend(fields.optional("x-not-before").map(Node::words).transpose()?.map(Relation::NotBefore));
        relations.extend(fields.optional("x-near-now").map(Node::count).transpose()?.map(Relation::NearNow));
        for (keyword, relation) in [("x-unique", Relation::Unique), ("x-same-for-caller", Relation::SameForCaller)] {
            if let Some(node) = fields.optional(keyword) {
                must_be_true(node)?;
                relations.push(relation);
            }
        }
        Ok(relations)
    }

    fn read_parts(&self, fields: &mut Fields<'a>, schema: &mut Schema) -> Result<(), SourceError> {
        if let Some(node) = fields.optional("items") {
            schema.items = Some(Box::new(self.read(node, &nested(&schema.place, "items"))?));
        }
        if let Some(node) = fields.optional("properties") {
            let mut errors = Errors::default();
            for (_, name, node) in node.entries()? {
                let read = errors.keep(self.read(node, &nested(&schema.place, name)));
                schema.properties.extend(read.map(|property| (name.to_owned(), property)));
            }
            errors.finish()?;
        }
        if let Some(node) = fields.optional("additionalProperties") {
            schema.additional = Some(Box::new(self.read_others(node, schema)?));
        }
        if let Some(node) = fields.optional("required") {
            for item in node.one_or_more()? {
                let name = item.text()?;
                if !schema.properties.contains_key(name) {
                    let error = item.error(format!("`{name}` is required, but is no property"));
                    return Err(error.with_nearest(name, schema.properties.keys().map(String::as_str)));
                }
                schema.required.push(name.to_owned());
            }
        }
        Ok(())
    }

    /// What holds of fields that are not listed.
    fn read_others(&self, node: &'a Node, schema: &Schema) -> Result<Schema, SourceError> {
        if node.json() != Value::Bool(false) {
            return self.read(node, &nested(&schema.place, "additionalProperties"));
        }
        if schema.place != REQUEST {
            return Err(node.error("only the body of the request under test can be closed"));
        }
        let mut others = Schema { rules: vec![Rule::Unlisted], ..Schema::default() };
        others.place.clone_from(&schema.place);
        others.description.clone_from(&schema.description);
        others.make_clauses();
        Ok(others)
    }

    fn read_openness(&self, fields: &mut Fields<'a>, schema: &mut Schema) -> Result<(), SourceError> {
        if let Some(node) = fields.optional("x-unambiguous") {
            schema.unambiguous = if node.json() == Value::Bool(false) {
                Unambiguous::Nothing
            } else {
                Unambiguous::Within(Box::new(self.read(node, "")?))
            };
        }
        if let Some(node) = fields.optional("x-unspecified") {
            schema.unspecified = node.items()?.iter().map(|node| self.read_zone(node)).collect::<Result<_, _>>()?;
            let catch_all = schema.unspecified.iter().filter(|unspecified| unspecified.schema.is_none()).count();
            if catch_all != usize::from(!matches!(schema.unambiguous, Unambiguous::All)) {
                return Err(node.error(
                    "`x-unambiguous` and exactly one entry of `x-unspecified` without a `schema` belong together",
                ));
            }
            for (unspecified, node) in schema.unspecified.iter().zip(node.items()?) {
                let is_open = |value: &&Value| {
                    schema.examine(value).open.iter().any(|open| std::ptr::eq(open.unspecified, unspecified))
                };
                if let Some(wrong) = unspecified.examples.iter().find(|value| !is_open(value)) {
                    return Err(node.get("examples").unwrap_or(node).error(format!("{wrong} is no example of it")));
                }
            }
        }
        if let Some(node) = fields.optional("x-refused") {
            schema.refused = refusals::by_rule(node, schema, &self.answers)?;
        }
        schema.error_code = fields.optional("x-error-code").map(Node::words).transpose()?;
        if let Some(node) = fields.optional("x-may-change") {
            must_be_true(node)?;
            schema.may_change = true;
        }
        Ok(())
    }

    fn read_zone(&self, node: &'a Node) -> Result<UnspecifiedValues, SourceError> {
        let mut fields = node.fields()?;
        let ways = fields.optional("returns");
        let unspecified = UnspecifiedValues {
            title: fields.required("title")?.words()?,
            schema: fields.optional("schema").map(|node| self.read(node, "")).transpose()?,
            because: fields.required("because")?.words()?,
            returns: match ways {
                Some(node) => {
                    node.one_or_more()?.iter().map(|node| named(node, &Returns::ALL)).collect::<Result<_, _>>()?
                }
                None => Vec::new(),
            },
            examples: match fields.optional("examples") {
                Some(node) => node.items()?.iter().map(Node::json).collect(),
                None => Vec::new(),
            },
        };
        fields.finish()?;
        Ok(unspecified)
    }

    fn read_derived(&self, node: &'a Node) -> Result<Derived, SourceError> {
        let mut fields = node.fields()?;
        let table = self.table(fields.required("table")?)?;
        let derived = Derived {
            from: fields.required("from")?.words()?,
            column: column(&table, fields.required("column")?)?,
            otherwise: fields.required("otherwise")?.one_or_more()?.iter().map(Node::json).collect(),
            table,
        };
        fields.finish()?;
        Ok(derived)
    }

    fn table(&self, node: &Node) -> Result<Arc<Table>, SourceError> {
        let file = node.text()?;
        self.tables.get(file).cloned().ok_or_else(|| {
            node.error(format!("the suite has no table `{file}`"))
                .with_nearest(file, self.tables.keys().map(String::as_str))
        })
    }
}

/// Reads the schema of one field by itself, as it would be read at this place of a contract without tables.
pub(crate) fn read_field(node: &Node, place: &str) -> Result<Schema, SourceError> {
    let (tables, shared) = (HashMap::new(), HashMap::new());
    let reader = SchemaReader { tables: &tables, shared, depth: Cell::new(0), blur: None, answers: Vec::new() };
    reader.read(node, place)
}

fn read_echo(node: &Node) -> Result<Echo, SourceError> {
    let mut fields = node.fields()?;
    let mut echo = Echo::default();
    if let Some(node) = fields.optional("as") {
        echo.as_set = named(node, &[("set", true)])?;
    }
    if let Some(node) = fields.optional("also") {
        for (_, given, returned) in node.entries()? {
            echo.also.push((Value::from(given), returned.one_or_more()?.iter().map(Node::json).collect()));
        }
        echo.because = fields.required("because")?.words()?;
    }
    fields.finish()?;
    Ok(echo)
}

/// A keyword with a number, and the rule that it makes.
type Bound = (&'static str, fn(Number) -> Rule);

/// A keyword with a count, and the rule that it makes.
type Count = (&'static str, fn(u64) -> Rule);

fn nested(place: &str, name: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}.{name}") }
}
