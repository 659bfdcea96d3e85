//! Path templates of OpenAPI: `/v2/images/{id}/file`.

/// A path whose `{name}` segments stand for any text without a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    text: String,
}

impl PathTemplate {
    /// Takes the text as it stands in the contract.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// The text as it stands in the contract.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parameters of a path that has this form, in order; a query is no part of it.
    pub fn matches<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let (mut wanted, mut given) = (self.text.split('/'), path.split('/'));
        let mut parameters = Vec::new();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(parameters),
                (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => parameters.push(value),
                (Some(wanted), Some(given)) if wanted == given => {}
                _ => return None,
            }
        }
    }

    /// How many parameters it has.
    pub fn parameter_count(&self) -> usize {
        self.text.split('/').filter(|segment| segment.starts_with('{')).count()
    }

    /// The path with every parameter replaced by the value.
    pub fn fill(&self, value: &str) -> String {
        self.text
            .split('/')
            .map(|segment| if segment.starts_with('{') { value } else { segment })
            .collect::<Vec<_>>()
            .join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::PathTemplate;

    #[test]
    fn a_path_of_the_form_gives_its_parameters() {
        let template = PathTemplate::new("/v2/images/{id}/file");
        assert_eq!(template.matches("/v2/images/7/file?x=1"), Some(vec!["7"]));
        assert_eq!(template.matches("/v2/images/7"), None);
        assert_eq!(template.matches("/v2/images//file"), None);
        assert_eq!(template.matches("/v2/images/7/file/more"), None);
    }

    #[test]
    fn a_filled_template_has_its_own_form() {
        let template = PathTemplate::new("/v2/images/{id}");
        assert_eq!(template.fill("7"), "/v2/images/7");
    }
}
