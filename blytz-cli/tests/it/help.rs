//! What `--help` says, for every command but those that have tests of their own.

use std::fmt::Write;

use crate::house::run;

fn help(command: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let args: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
    run(folder.path(), None, "", &args).ok().stdout
}

/// The commands below `command`, as its help lists them.
fn below(command: &str) -> Vec<String> {
    let text = help(command);
    let list = text.split("Commands:\n").nth(1).unwrap_or_default();
    list.lines()
        .take_while(|line| !line.is_empty())
        // Deeper is what a long description goes on with.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| !["help", "demo", "bench"].contains(name))
        .map(|name| format!("{command} {name}").trim().to_owned())
        .collect()
}

#[test]
fn every_command_explains_itself() {
    let mut commands = below("");
    let deeper: Vec<_> = commands.iter().flat_map(|command| below(command)).collect();
    commands.extend(deeper);
    commands.sort();
    assert!(commands.len() > 40, "{commands:?}");
    let mut told = String::new();
    for command in commands {
        let text = help(&command);
        assert!(text.contains("Examples:\n"), "{command} has no examples");
        let examples = text.find("Examples:");
        assert!(examples < text.find("Usage:"), "{command}: the examples come first");
        // What every command takes is printed once, below.
        let own = text.split("\nEverywhere:").next().unwrap_or_default();
        // The server's options are the server's to describe.
        if command != "serve" {
            writeln!(told, "$ blytz {command} --help\n{}\n", own.trim_end()).expect("a String takes it");
        }
    }
    let everywhere = help("whoami");
    told.push_str(everywhere.split_once("\nEverywhere:").map(|(_, text)| text).unwrap_or_default());
    insta::assert_snapshot!(told);
}
