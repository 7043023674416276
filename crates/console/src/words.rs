//! Every text that people read, in their language: Fluent messages inside the binary, one file a page and language.

use std::fmt;
use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_langneg::{NegotiationStrategy, negotiate_languages, parse_accepted_languages};
use unic_langid::LanguageIdentifier;

/// A language of the console.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

/// The texts of each page: its name, in English, in Chinese.
macro_rules! texts {
    ($($page:literal),+ $(,)?) => {
        &[$((
            $page,
            include_str!(concat!("../locales/en/", $page, ".ftl")),
            include_str!(concat!("../locales/zh/", $page, ".ftl")),
        )),+]
    };
}
const TEXTS: &[(&str, &str, &str)] = texts![
    "shell",
    "overview",
    "sign_in",
    "snapshots",
    "tickets",
    "regions",
    "refusals",
    "rejections",
    "images",
    "copying",
    "copies",
    "acting",
    "instances",
    "tasks",
    "confirm",
    "keys",
    "people",
    "audit",
    "encryption_keys",
    "usage",
];

impl Language {
    pub(crate) const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// As it stands in `lang` and in the cookie.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// As its own speakers call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Chinese => "中文",
        }
    }

    fn id(self) -> LanguageIdentifier {
        self.tag().parse().expect("both tags are well formed")
    }

    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// What a browser would rather read; English where it says nothing that we have.
    pub(crate) fn asked_for(headers: &HeaderMap) -> Self {
        let stated = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let wanted = parse_accepted_languages(stated.unwrap_or_default());
        let have = Language::ALL.map(Language::id);
        let chosen = negotiate_languages(&wanted, &have, None, NegotiationStrategy::Filtering);
        let chosen = chosen.first().map(|id| id.language.as_str().to_owned());
        chosen.and_then(|tag| Language::of_tag(&tag)).unwrap_or(Language::English)
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        match self {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(Language::English));
static CHINESE: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(Language::Chinese));

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![language.id()]);
    // What people named is isolated by elements, not by characters that would end up in what they copy.
    bundle.set_use_isolating(false);
    for (page, english, chinese) in TEXTS {
        let text = match language {
            Language::English => english,
            Language::Chinese => chinese,
        };
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                tracing::error!(page, ?errors, language = language.tag(), "a text is broken");
                resource
            }
        };
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(page, ?errors, language = language.tag(), "a text is there twice");
        }
    }
    bundle
}

/// The texts in one language.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    /// A text by its id.
    pub(crate) fn say(self, id: &'static str) -> Saying {
        Saying { words: self, id: id.into(), args: FluentArgs::new() }
    }

    /// One whose id was kept in a cookie: whatever is no id says nothing.
    pub(crate) fn kept(self, id: &str) -> Option<Saying> {
        let is_known =
            self.0.bundle().get_message(id).is_some_and(|message| message.value().is_some());
        is_known.then(|| Saying { words: self, id: id.to_owned().into(), args: FluentArgs::new() })
    }

    /// Its language.
    pub(crate) fn language(self) -> Language {
        self.0
    }
}

/// A text with what is put into it.
pub(crate) struct Saying {
    words: Words,
    id: std::borrow::Cow<'static, str>,
    args: FluentArgs<'static>,
}

impl Saying {
    /// Puts a value into it.
    #[must_use]
    pub(crate) fn with(
        mut self,
        name: &'static str,
        value: impl Into<FluentValue<'static>>,
    ) -> Self {
        self.args.set(name, value);
        self
    }

    /// Puts a value into it as it shows itself.
    #[must_use]
    pub(crate) fn showing(self, name: &'static str, value: impl fmt::Display) -> Self {
        self.with(name, value.to_string())
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn args(&self) -> &FluentArgs<'static> {
        &self.args
    }

    /// Puts a value into it whose name was kept.
    pub(crate) fn put(&mut self, name: String, value: FluentValue<'static>) {
        self.args.set(name, value);
    }
}

impl fmt::Display for Saying {
    /// A text that is missing shows its id: ugly, and found by the test that compares the languages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundle = self.words.0.bundle();
        let Some(pattern) = bundle.get_message(&self.id).and_then(|message| message.value()) else {
            tracing::error!(id = %self.id, "there is no such text");
            return f.write_str(&self.id);
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&self.args), &mut errors);
        if !errors.is_empty() {
            tracing::error!(id = %self.id, ?errors, "a text lacks something");
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
