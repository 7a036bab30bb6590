//! Importing a catalogue: no row is lost without a word.

use serde_json::json;

use crate::house::{House, run};

const CATALOGUE: &str = "\
Title,Price,Quantity,Currency,Tags,Description
Blue teapot,120.00,3,,tea;blue,\"Two lines,
one pot\"
,12.00,1,,,
Old coin,1500,1,JPY,,
Cup,12.345,many,,,
Saucer,5,2
Spoon,3.50,4,,,
";

#[test]
fn good_rows_are_imported_and_bad_ones_named() {
    let house = House::open();
    let seller = house.seller("sita");
    let file = house.file("catalogue.csv", CATALOGUE);

    let dry = seller.run(&["products", "import", &file, "--dry-run"]).exits(1);
    assert!(dry.stdout.contains("3 rows would be imported, 3 refused."), "{dry:?}");
    assert_eq!(seller.json(&["products", "list"])["items"], json!([]));

    let done = seller.run(&["products", "import", &file, "--output", "json"]).exits(1);
    let report: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!((&report["imported"], &report["refused"], &report["not_tried"]), (&json!(3), &json!(3), &json!(0)));
    let faults: Vec<_> = report["faults"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| (fault["row"].as_u64().expect("a row"), fault["column"].as_str().expect("a column")))
        .collect();
    assert_eq!(faults, [(3, "title"), (5, "price"), (5, "quantity"), (6, "")]);

    let list = seller.json(&["products", "list", "--mine", "--all"]);
    let mut prices: Vec<_> = list["items"].as_array().expect("a list").iter().map(|p| p["price"].to_string()).collect();
    prices.sort_unstable();
    assert_eq!(
        prices,
        [
            json!({ "amount": 12_000, "currency": "MYR" }).to_string(),
            json!({ "amount": 1_500, "currency": "JPY" }).to_string(),
            json!({ "amount": 350, "currency": "MYR" }).to_string(),
        ]
    );

    // What was exported can be imported again.
    let exported = seller.run(&["products", "export"]).ok().stdout;
    assert_eq!(
        exported.lines().next(),
        Some("id,title,description,price,currency,quantity,category_id,weight_g,images,tags,tax_class,status")
    );
    let again = seller.fed(&exported, &["products", "import", "-"]).ok();
    assert!(again.stdout.contains("3 rows imported, 0 refused, 0 not tried."), "{again:?}");
    house.stop();
}

#[test]
fn an_import_that_stops_says_where_to_go_on() {
    let house = House::open();
    let buyer = house.buyer("ben");
    let done = buyer.fed(CATALOGUE, &["products", "import", "-"]).exits(3);
    assert!(done.stdout.contains("0 rows imported, 0 refused, 6 not tried."), "{done:?}");
    assert!(done.stderr.contains("--from-row 2"), "{done:?}");

    let seller = house.seller("sita");
    let rest = seller.fed(CATALOGUE, &["products", "import", "-", "--from-row", "7"]).ok();
    assert!(rest.stdout.contains("1 row imported, 0 refused, 0 not tried."), "{rest:?}");

    let config = seller.config_folder();
    house.stop();
    let gone = run(&config, None, CATALOGUE, &["products", "import", "-"]).exits(6);
    assert!(gone.stdout.contains("0 rows imported, 0 refused, 6 not tried."), "{gone:?}");
}

#[test]
fn a_wrong_head_is_found_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = run(folder.path(), None, "title,price\nCup,1\n", &["products", "import", "-"]).exits(1);
    assert!(done.stderr.contains("quantity is missing"), "{done:?}");
    run(folder.path(), None, "", &["products", "import", "/nonexistent.csv"]).exits(1);
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_a_report() {
    use std::io::{BufRead, BufReader, Write};
    let house = House::open_limited();
    let seller = house.seller("sita");
    // More rows than the limits let through at once, so that it is still at it.
    let rows = "Cup,1,1\n".repeat(1_000);
    let url = house.running.url();
    let import = ["products", "import", "-", "--output", "json"];
    let mut child = crate::house::command(&seller.config_folder(), Some(&url), &import).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(format!("title,price,quantity\n{rows}").as_bytes()).expect("read");
    drop(stdin);
    // It has begun once the server has something of it.
    while seller.json(&["products", "list", "--limit", "1"])["items"] == json!([]) {
        assert!(child.try_wait().expect("asked").is_none(), "it ended early");
    }
    let told = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("told");
    assert!(told.success());
    let out = child.wait_with_output().expect("it ends");
    assert_eq!(out.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let count = |name: &str| report[name].as_u64().expect("a count");
    assert_eq!(count("imported") + count("not_tried"), 1_000, "{report}");
    assert_eq!(count("resume_from"), count("imported") + 2, "{report}");
    let told: Vec<_> = BufReader::new(&out.stderr[..]).lines().map(|line| line.expect("text")).collect();
    assert!(told.iter().any(|line| line == "blytz: Interrupted."), "{told:?}");
    house.stop();
}
