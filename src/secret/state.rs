//! What is known of the secrets of a process, and which of them are too ordinary to be taken out.

use std::sync::LazyLock;

use super::disguise;
use super::windows::Windows;
use super::{Kind, STUB_TOKEN, Secret};

/// What is known. It has no `Debug`: the forms of a secret are secret too.
#[derive(Default)]
pub(super) struct State {
    pub known: Vec<Secret>,
    pub windows: Windows,
    /// The words of the suite, in lower case.
    pub words: String,
    /// What must stay where it stands, and whether that was said.
    pub ordinary: Vec<(Kind, bool)>,
    pub recent: Recent,
}

/// Secrets that are good for one request: the last ones, in two generations, so that the older half is forgotten at once.
#[derive(Default)]
pub(super) struct Recent {
    pub young: Windows,
    pub old: Windows,
}

/// A shorter text is part of ordinary words and numbers.
const SHORTEST: usize = 8;

/// What the program says of itself stands in its pages. The token of the stub stands there too, and is no word: no report has it for another reason.
static WORDS: LazyLock<String> = LazyLock::new(|| {
    const PAGES: [&str; 5] = [
        include_str!("../../README.md"),
        include_str!("../cli/README.md"),
        include_str!("../cli/OPERATING.md"),
        include_str!("../../cases/README.md"),
        include_str!("../../cases/CONTRACT.md"),
    ];
    PAGES.concat().to_lowercase().replace(STUB_TOKEN, "")
});

impl State {
    pub(super) fn add(&mut self, secret: &Secret) {
        for text in [secret.expose(), secret.expose().trim()] {
            let secret = Secret::new(secret.kind, text);
            if text.is_empty() || self.known.contains(&secret) {
                continue;
            }
            if self.is_ordinary(text) {
                if !self.ordinary.iter().any(|(kind, _)| *kind == secret.kind) {
                    self.ordinary.push((secret.kind, false));
                }
            } else {
                for form in disguise::forms(text).iter().filter(|form| !self.is_ordinary_form(form)).collect::<Vec<_>>()
                {
                    self.windows.add(form, &secret);
                }
            }
            self.known.push(secret);
        }
    }

    /// Whether a text is part of what is said anyway.
    pub(super) fn is_ordinary(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        text.chars().count() < SHORTEST || self.words.contains(&text) || WORDS.contains(&text)
    }

    fn is_ordinary_form(&self, form: &[u8]) -> bool {
        std::str::from_utf8(form).is_ok_and(|text| self.is_ordinary(text))
    }
}
