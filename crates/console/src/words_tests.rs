use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::{Language, TEXTS, Words};

/// Each message of a language with the arguments that it names.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (page, english, chinese) in TEXTS {
        let text = match language {
            Language::English => english,
            Language::Chinese => chinese,
        };
        let resource = FluentResource::try_new((*text).to_owned());
        let resource = resource.unwrap_or_else(|(_, errors)| panic!("{page}: {errors:?}"));
        for entry in resource.entries() {
            let Entry::Message(message) = entry else { continue };
            let mut names = BTreeSet::new();
            collect(message.value.as_ref().unwrap(), &mut names);
            let id = message.id.name.to_owned();
            assert!(found.insert(id.clone(), names).is_none(), "`{id}` is there twice");
        }
    }
    found
}

fn collect(pattern: &Pattern<&str>, names: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => named(inline, names),
            Expression::Select { selector, variants } => {
                named(selector, names);
                variants.iter().for_each(|variant| collect(&variant.value, names));
            }
        }
    }
}

fn named(inline: &InlineExpression<&str>, names: &mut BTreeSet<String>) {
    if let InlineExpression::VariableReference { id } = inline {
        names.insert(id.name.to_owned());
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// Every source and template, in one text.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    ["src", "templates"].iter().for_each(|folder| files(&root.join(folder), &mut paths));
    let own = |path: &PathBuf| !path.ends_with("src/words_tests.rs");
    paths
        .iter()
        .filter(|path| own(path))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn both_languages_say_everything_with_the_same_values() {
    let (english, chinese) = (messages(Language::English), messages(Language::Chinese));
    let ids = |all: &BTreeMap<String, BTreeSet<String>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&english), ids(&chinese));
    for (id, names) in &english {
        assert_eq!(names, &chinese[id], "`{id}`");
    }
}

#[test]
fn every_text_is_said_somewhere_and_none_is_missing() {
    let (english, sources) = (messages(Language::English), sources());
    let unused: Vec<_> =
        english.keys().filter(|id| !sources.contains(&format!("\"{id}\""))).collect();
    assert_eq!(unused, [] as [&String; 0], "said nowhere");
    let said = sources.split("say(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let missing: BTreeSet<_> = said.filter(|id| !english.contains_key(*id)).collect();
    assert_eq!(missing, BTreeSet::new(), "there are no such texts");
}

#[test]
fn every_file_of_texts_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    assert_eq!(paths.len(), TEXTS.len() * Language::ALL.len(), "{paths:?}");
}

#[test]
fn the_browsers_language_is_taken_where_there_is_one_of_it() {
    let table = [
        ("", Language::English),
        ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
        ("zh", Language::Chinese),
        ("en-GB,zh;q=0.5", Language::English),
        ("fr,de;q=0.7", Language::English),
        ("de,zh;q=0.7", Language::Chinese),
        ("*;;;,,q=9", Language::English),
    ];
    for (stated, language) in table {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, stated.parse().unwrap());
        assert_eq!(Language::asked_for(&headers), language, "{stated}");
    }
}

#[test]
fn what_is_put_into_a_text_stays_what_it_is() {
    let words = Words(Language::English);
    let text = words.say("refused-request").with("id", "{ $x } <b>").to_string();
    assert_eq!(text, "Request { $x } <b>");
}
