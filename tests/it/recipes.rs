//! The recipes for a CI, done as they stand against a stub: each script, without the lines that install something.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::pages::Page;
use ims_conformance::client::Token;
use ims_conformance::stub::{Stub, StubService};
use ims_conformance::suite::Suite;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ims-conformance");

/// What a recipe tells a shell to do, wherever it stands in the file.
fn lines(recipe: &Value, found: &mut Vec<String>) {
    match recipe {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("run" | "command" | "cmd", Value::String(text)) => found.extend(text.lines().map(str::to_owned)),
                    ("script", Value::Array(items)) => {
                        found.extend(items.iter().map(|item| item.as_str().unwrap().to_owned()));
                    }
                    _ => lines(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| lines(item, found)),
        _ => {}
    }
}

/// Does in a new folder what the recipe says, of the run only a part, and tells which files came of it.
async fn follow(recipe: &str) -> Vec<String> {
    let suite = Suite::built_in("otc").unwrap().unwrap();
    let token = Token::new("stub-token").unwrap();
    let stub = Stub::start(StubService::new(Arc::clone(&suite.contract), token, None), "127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", stub.address());
    let recipe: Value = serde_saphyr::from_str(recipe).unwrap();
    let mut script = Vec::new();
    lines(&recipe, &mut script);
    script.retain(|line| !line.starts_with("cargo install"));
    assert!(script.iter().any(|line| line.starts_with("ims-conformance run")), "{script:#?}");
    let script = script.iter().map(|line| match line.strip_prefix("ims-conformance run") {
        Some(rest) => format!("ims-conformance run min_disk/{rest}"),
        None => line.replace("./our-service --port 9090", "sleep 60"),
    });
    let script = script.collect::<Vec<_>>().join("\n").replace("http://127.0.0.1:9090", &url);
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", Path::new(PROGRAM).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-e", "-c", &script]).current_dir(folder.path()).env_clear().env("PATH", path);
    bash.env("HOME", folder.path()).env("OS_TOKEN", "stub-token").env("IMS_ENDPOINT", &url).env("SUITE", &suite.name);
    bash.env("CI_NODE_INDEX", "1").env("CI_NODE_TOTAL", "1");
    let output = tokio::task::spawn_blocking(move || bash.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(output.status.success() && said.contains("holds"), "{script}\n{said}");
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("conformance.")).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipe_runs_as_it_stands() {
    let page = Page::read(Path::new("src/cli/CI.md"));
    let blocks = page.blocks().into_iter().filter(|block| block.language == "yaml").map(|block| block.text());
    let (uses, recipes): (Vec<_>, Vec<_>) = blocks.partition(|recipe| recipe.contains("uses: ./"));
    assert_eq!((uses.len(), recipes.len()), (1, 4));
    for recipe in recipes {
        let files = follow(&recipe).await;
        assert!(files.contains(&"conformance.xml".to_owned()), "{recipe}\n{files:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_runs_as_it_stands_and_takes_what_the_recipe_gives_it() {
    let text = fs::read_to_string(".github/actions/conformance/action.yml").unwrap();
    let files = follow(&text).await;
    assert_eq!(files, ["conformance.html", "conformance.json", "conformance.xml"]);
    let action: Value = serde_saphyr::from_str(&text).unwrap();
    let page = Page::read(Path::new("src/cli/CI.md"));
    let recipe = page.blocks().into_iter().map(|block| block.text()).find(|text| text.contains("uses: ./")).unwrap();
    let recipe: Value = serde_saphyr::from_str(&recipe).unwrap();
    let step = &recipe["jobs"]["conformance"]["steps"][1];
    assert!(Path::new(step["uses"].as_str().unwrap()).join("action.yml").exists());
    for input in step["with"].as_object().unwrap().keys() {
        assert!(action["inputs"].get(input).is_some(), "the action has no input {input}");
    }
}
