//! The checker in another language, `fixtures/verify.py`: written from the documents alone, it says of
//! random proofs and of forged ones what ours says.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use blytz_core::{
    auction::proof::Viewer,
    wire::auction::{LogKeys, RulesInput},
};
use proptest::{
    strategy::{BoxedStrategy, Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    forge::{Forger, forgeries},
    proof::runs::{Run, any_cancelled_run, any_contest, any_run, english, run, signer},
};

const VIEWERS: [Viewer; 3] = [Viewer::Public, Viewer::Winner, Viewer::Admin];

/// Random proofs of every format, as many as asked for; the same ones every time.
fn random_proofs(number: usize) -> Vec<Forger> {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let contests = proptest::collection::vec(any_contest(), 3..16);
    let long = RulesInput { duration_ms: 3_600_000, ..english() };
    let mut kinds: [BoxedStrategy<Run>; 3] =
        [any_run().boxed(), contests.prop_map(move |steps| run(&long, &steps)).boxed(), any_cancelled_run().boxed()];
    let proofs = (0..number).map(|nth| {
        let kind = &mut kinds[[0, 0, 1, 0, 0, 1, 2][nth % 7]];
        let run = kind.new_tree(&mut runner).expect("every draw is a run").current();
        Forger::of(&run, VIEWERS[nth % 3])
    });
    proofs.collect()
}

/// Writes the house's keys as `keys.json`, and each proof under its name, into a new folder.
fn write_into<'a>(folder: &Path, proofs: impl Iterator<Item = (&'a str, &'a Value)>) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", folder.display()),
        _ => fs::create_dir_all(folder).expect("a place for temporary files"),
    }
    let write = |name: &str, value: &Value| {
        fs::write(folder.join(name).with_extension("json"), value.to_string()).expect("it is writable");
    };
    write("keys", &json!(LogKeys { keys: vec![signer().public()] }));
    for (name, proof) in proofs {
        write(name, proof);
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/verify.py")
}

/// Whether there is a Python to run. Where everything must be there, its lack is a failure.
#[expect(clippy::disallowed_methods, reason = "continuous integration says in the environment that it is that")]
fn there_is_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|said| said.status.success());
    let must_be = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(found || !must_be, "python3 is missing");
    if !found {
        println!("skipped: python3 is missing, so nothing was checked a second time");
    }
    found
}

/// What the script says of each proof in a folder: its line, by the proof's name, and whether it holds.
fn second_opinions(folder: &Path, names: &[String]) -> BTreeMap<String, (bool, String)> {
    let mut opinions = BTreeMap::new();
    for names in names.chunks(200) {
        let files = names.iter().map(|name| folder.join(name).with_extension("json"));
        let script = Command::new("python3").arg(script()).arg(folder.join("keys.json")).args(files).output();
        let said = script.expect("python3 runs");
        let (lines, complaints) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert_eq!(lines.lines().count(), names.len(), "a line for each: {lines}{complaints}");
        assert!(complaints.is_empty(), "{complaints}");
        let opinion = |(name, line): (&String, &str)| {
            let holds = line.contains(": holds");
            assert!(holds || line.contains(": does not hold"), "{line}");
            (name.clone(), (holds, line.to_owned()))
        };
        let told: Vec<_> = names.iter().zip(lines.lines()).map(opinion).collect();
        let all_hold = told.iter().all(|(_, (holds, _))| *holds);
        assert_eq!(said.status.code(), Some(i32::from(!all_hold)));
        opinions.extend(told);
    }
    opinions
}

/// What the script leaves to others: a public proof with a closed max that somebody beat and was voided for.
const UNDECIDED: &str = "this checker can't decide a closed max that was beaten";

/// Has both checkers judge, and tells where they differ; one proof in ten may be left undecided.
fn agree(folder: &str, proofs: &BTreeMap<String, Forger>) {
    if !there_is_python() {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    write_into(&folder, proofs.iter().map(|(name, forger)| (name.as_str(), &forger.proof)));
    let names: Vec<String> = proofs.keys().cloned().collect();
    let second = second_opinions(&folder, &names);
    let trust = crate::forge::trust();
    let undecided = second.values().filter(|(_, line)| line.contains(UNDECIDED)).count();
    assert!(undecided * 10 <= names.len(), "{undecided} of {} undecided", names.len());
    let decided = proofs.iter().filter(|(name, _)| !second[*name].1.contains(UNDECIDED));
    let differences = decided.filter_map(|(name, forger)| {
        let (ours, (holds, line)) = (forger.verdict(&trust), &second[name]);
        (ours.is_ok() != *holds).then(|| format!("{name}: ours says {ours:?}\n  the other {line}"))
    });
    let differences: Vec<String> = differences.collect();
    assert!(differences.is_empty(), "of {}, {} differ:\n{}", names.len(), differences.len(), differences.join("\n"));
}

#[test]
fn both_hold_random_proofs_for_true() {
    let proofs = random_proofs(140);
    let trust = crate::forge::trust();
    for proof in &proofs {
        proof.verdict(&trust).expect("it holds");
    }
    agree("random-proofs", &(0..).map(|nth| format!("proof-{nth:04}")).zip(proofs).collect());
}

/// One in so many of all forgeries.
#[test]
fn both_say_the_same_of_what_was_forged() {
    let forged = forgeries().into_iter().enumerate().filter(|(nth, _)| nth % 16 == 0);
    let forged = forged.map(|(nth, (kind, forger))| {
        let kind: String =
            kind.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
        (format!("{nth:05}-{kind}"), forger)
    });
    agree("forged-proofs", &forged.collect());
}
