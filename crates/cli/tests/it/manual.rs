//! Manual pages and completions.

use std::process::Command;

use crate::{program, text};

fn printed(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

const COMMANDS: [&str; 10] =
    ["serve", "call", "list", "describe", "export", "upload", "download", "health", "completions", "man"];

#[test]
fn there_is_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    printed(&["man", "--dir", folder.path().to_str().unwrap()]);
    for command in COMMANDS {
        let page = printed(&["man", command]);
        assert!(page.contains(&format!(".TH manywire-{command} 1")), "{page}");
        let written = std::fs::read_to_string(folder.path().join(format!("manywire-{command}.1"))).unwrap();
        assert_eq!(page, written);
    }
    let page = printed(&["man"]);
    assert!(COMMANDS.iter().all(|command| page.contains(&format!("manywire\\-{command}(1)"))), "{page}");
    let page = printed(&["man", "call"]);
    for words in ["\\-\\-repeat", "Exit codes: 0 answered", "TLS", "call gob://127.0.0.1:1234 Arith.Multiply"]
    {
        assert!(page.contains(words), "no {words} in {page}");
    }
}

#[test]
fn bash_completes_commands_options_and_shells() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("completions");
    std::fs::write(&script, printed(&["completions", "bash"])).unwrap();
    for (typed, expected) in [
        ("manywire down", "download"),
        ("manywire call --ret", "--retries"),
        ("manywire completions fi", "fish"),
    ] {
        let words: Vec<&str> = typed.split(' ').collect();
        let ask = format!(
            "source {}; COMP_WORDS=({typed}); COMP_CWORD={}; _manywire manywire {} {}; echo \"${{COMPREPLY[*]}}\"",
            script.display(),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let output = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected, "{}", text(&output));
    }
}

#[test]
fn other_shells_have_their_scripts() {
    for (shell, beginning) in [("zsh", "#compdef manywire"), ("fish", "# Print an optspec")] {
        let script = printed(&["completions", shell]);
        assert!(script.starts_with(beginning) && script.contains("download"), "{script}");
    }
}
