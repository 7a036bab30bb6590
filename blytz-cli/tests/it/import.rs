//! Importing a catalogue: no row is lost without a word.

use serde_json::{Value, json};

use crate::house::{Done, House, Person, run};

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
        Some("id,sku,title,description,price,currency,quantity,category_id,weight_g,images,tags,tax_class,status")
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

#[cfg(unix)]
const ROWS: usize = 30_000;

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_a_report() {
    use std::io::{BufRead, BufReader, Write};
    let house = House::open_limited();
    let seller = house.seller("sita");
    // So many that the limits keep it at it for ten minutes: nobody has to be quick.
    let rows = "Cup,1,1\n".repeat(ROWS);
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
    assert_eq!(count("imported") + count("not_tried"), ROWS as u64, "{report}");
    assert_eq!(count("resume_from"), count("imported") + 2, "{report}");
    let told: Vec<_> = BufReader::new(&out.stderr[..]).lines().map(|line| line.expect("text")).collect();
    assert!(told.iter().any(|line| line == "blytz: Interrupted."), "{told:?}");
    house.stop();
}

/// A file as a spreadsheet exported it.
fn case(name: &str) -> String {
    format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What is in the catalogue: title, price in minor units, units.
fn catalogue(seller: &Person<'_>) -> Vec<(String, i64, i64)> {
    let list = seller.json(&["products", "list", "--mine", "--all", "--sort", "title"]);
    let of = |product: &Value| {
        let text = product["title"].as_str().expect("a title").to_owned();
        let number = |value: &Value| value.as_i64().expect("a number");
        (text, number(&product["price"]["amount"]), number(&product["available"]))
    };
    list["items"].as_array().expect("a list").iter().map(of).collect()
}

fn faults(report: &Value) -> Vec<(u64, &str, &str)> {
    let faults = report["faults"].as_array().expect("a list").iter();
    faults
        .map(|fault| {
            let text = |of| fault[of].as_str().expect("text");
            (fault["row"].as_u64().expect("a row"), text("column"), text("reason"))
        })
        .collect()
}

fn told(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

#[test]
fn sheets_are_read_as_spreadsheets_export_them() {
    let house = House::open();
    for (who, file, expected) in [
        ("siti", "semicolon.csv", vec![("Bowl", 800, 1), ("Teapot", 1_250, 3)]),
        ("tan", "tab.csv", vec![("Teapot", 1_250, 3)]),
        ("uma", "utf16.csv", vec![("Teapot", 1_250, 3)]),
    ] {
        let seller = house.seller(who);
        seller.run(&["products", "import", &case(file)]).ok();
        let expected: Vec<_> =
            expected.into_iter().map(|(title, price, units)| (title.to_owned(), price, units)).collect();
        assert_eq!(catalogue(&seller), expected, "{file}");
    }
    let seller = house.seller("vera");
    let bars = house.file("bars.csv", "\u{feff}title|price|quantity\nTeapot|12.50|3\n");
    seller.run(&["products", "import", &bars]).exits(1);
    seller.run(&["products", "import", &bars, "--delimiter", "|"]).ok();
    seller.run(&["products", "import", &bars, "--delimiter", "bar"]).exits(2);
    assert_eq!(catalogue(&seller), [("Teapot".to_owned(), 1_250, 3)]);
    house.stop();
}

#[test]
fn what_is_not_utf8_is_refused_before_the_first_row() {
    let house = House::open();
    let seller = house.seller("siti");
    let refused = seller.run(&["products", "import", &case("latin1.csv")]).exits(1);
    assert!(refused.stderr.contains("line 2 is not UTF-8"), "{refused:?}");
    assert!(refused.stderr.contains("Save it as UTF-8") && refused.stderr.contains("iconv"), "{refused:?}");
    // Not even the rows before it.
    let mut late = b"title,price,quantity\nCup,1,1\n".to_vec();
    late.extend_from_slice(b"Caf\xe9,1,1\n");
    let path = house.file("late.csv", "");
    std::fs::write(&path, late).expect("written");
    let refused = seller.run(&["products", "import", &path]).exits(1);
    assert!(refused.stderr.contains("line 3 is not UTF-8"), "{refused:?}");
    assert_eq!(catalogue(&seller), []);
    house.stop();
}

#[test]
fn rows_have_the_numbers_of_the_sheet_and_each_is_counted_once() {
    let house = House::open();
    let seller = house.seller("siti");
    let blank = seller.run(&["products", "import", &case("blank-line.csv"), "--output", "json"]).exits(1);
    let report = told(&blank);
    assert_eq!((&report["imported"], &report["refused"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(faults(&report), [(4, "price", "eight is not an amount of MYR with up to 2 decimals, like 125.50")]);
    let rest = seller.run(&["products", "import", &case("blank-line.csv"), "--from-row", "4"]).exits(1);
    assert!(rest.stdout.contains("0 rows imported, 1 refused"), "{rest:?}");

    let quote = seller.run(&["products", "import", &case("open-quote.csv"), "--output", "json"]).exits(1);
    let report = told(&quote);
    assert_eq!(faults(&report), [(2, "", "the quote that opens in line 2 is never closed")]);
    let all: u64 = ["imported", "updated", "already_there", "refused", "not_tried", "unknown"]
        .iter()
        .map(|of| report[of].as_u64().expect("a count"))
        .sum();
    assert_eq!(all, 3, "{report}");
    let titles: Vec<_> = catalogue(&seller).into_iter().map(|(title, ..)| title).collect();
    assert_eq!(titles, ["Bowl", "Cup", "Teapot"]);
    house.stop();
}

#[test]
fn hints_are_in_the_currencys_own_form() {
    let house = House::open();
    let seller = house.seller("siti");
    let done = seller.run(&["products", "import", &case("jpy.csv"), "--output", "json"]).exits(1);
    let report = told(&done);
    assert_eq!(
        faults(&report),
        [
            (2, "price", "1500.00 is not an amount of JPY, which has no decimals, like 125"),
            (3, "price", "1.2345 is not an amount of KWD with up to 3 decimals, like 125.500"),
        ]
    );
    let product = seller.json(&["products", "create", "--title", "Coin", "--price", "1500", "--currency", "JPY"]);
    let product = product["id"].as_str().expect("an id");
    let lot = seller.json(&["auctions", "create", "--product", product, "--starting-price", "100"]);
    let lot = lot["id"].as_str().expect("an id");
    seller.run(&["auctions", "start", lot]).ok();
    let refused = house.buyer("ann").run(&["bid", lot, "--amount", "125.50"]).exits(2);
    assert_eq!(refused.stderr, "blytz: --amount 125.50 is not an amount of JPY, which has no decimals, like 125.\n");
    house.stop();
}

#[test]
fn what_is_there_already_is_said_or_updated() {
    let house = House::open();
    let seller = house.seller("siti");
    let plain = house.file("plain.csv", "title,price,quantity\nTeapot,12.50,3\nBowl,8,1\n");
    let first = seller.run(&["products", "import", &plain]).ok();
    assert!(!first.stderr.contains("there already"), "{first:?}");
    // No number tells them apart: it is said, and whoever can't be asked and says so is refused.
    let says = "2 rows have the title of a product that is there already, and no sku";
    let dry = seller.run(&["products", "import", &plain, "--dry-run"]).ok();
    assert!(dry.stderr.contains(says), "{dry:?}");
    let refused = seller.run(&["products", "import", &plain, "--no-input"]).exits(2);
    assert!(refused.stderr.contains(says) && refused.stderr.contains("--yes"), "{refused:?}");
    assert_eq!(catalogue(&seller).len(), 2);
    let again = seller.run(&["products", "import", &plain]).ok();
    assert!(again.stderr.contains(says), "{again:?}");
    assert_eq!(catalogue(&seller).len(), 4);

    let tan = house.seller("tan");
    let numbered = house.file("numbered.csv", "sku,title,price,quantity,tags\nT-1,Teapot,12.50,3,tea\nB-1,Bowl,8,1,\n");
    tan.run(&["products", "import", &numbered]).ok();
    let again = tan.run(&["products", "import", &numbered, "--no-input"]).ok();
    assert!(again.stdout.contains("0 rows imported, 2 already there, 0 refused, 0 not tried."), "{again:?}");
    assert!(again.stderr.contains("--update"), "{again:?}");

    // One sold in between: its unit is promised, whatever the sheet says.
    let list = tan.json(&["products", "list", "--mine", "--sort", "title"]);
    let teapot = list["items"][1]["id"].as_str().expect("an id");
    tan.run(&["auctions", "create", "--product", teapot, "--starting-price", "1"]).ok();
    let newer = house.file(
        "newer.csv",
        "sku,title,price,quantity,tags\nT-1,Blue teapot,11,7,\nB-1,Bowl,8,1,\nC-1,Cup,4,2,\nT-1,Twice,1,1,\n",
    );
    let dry = tan.run(&["products", "import", &newer, "--update", "--dry-run"]).exits(1);
    let summary = "1 row would be imported, 1 updated, 1 already there, 1 refused.";
    assert!(dry.stdout.contains(summary) && dry.stdout.contains("T-1 stands in row 2 already"), "{dry:?}");
    tan.run(&["products", "import", &newer, "--update", "--no-input"]).exits(2);
    let done = tan.run(&["products", "import", &newer, "--update", "--yes"]).exits(1);
    assert!(done.stdout.contains("1 row imported, 1 updated, 1 already there, 1 refused, 0 not tried."), "{done:?}");
    let named = |title: &str, price, units| (title.to_owned(), price, units);
    assert_eq!(catalogue(&tan), [named("Blue teapot", 1_100, 7), named("Bowl", 800, 1), named("Cup", 400, 2)]);
    let stock = tan.json(&["products", "stock", teapot]);
    assert_eq!((&stock["on_hand"], &stock["reserved"]), (&json!(8), &json!(1)));
    let teapot = tan.json(&["products", "get", teapot]);
    assert_eq!((&teapot["tags"], &teapot["sku"]), (&json!([]), &json!("T-1")));

    // An export is a sheet like any other.
    let exported = tan.run(&["products", "export"]).ok().stdout;
    let again = tan.fed(&exported, &["products", "import", "-", "--update"]).ok();
    assert!(again.stdout.contains("0 rows imported, 3 already there, 0 refused, 0 not tried."), "{again:?}");

    // Archived is there, too: its number is taken.
    tan.run(&["products", "archive", teapot["id"].as_str().expect("an id"), "--yes"]).ok();
    let again = tan.run(&["products", "import", &numbered]).ok();
    assert!(again.stdout.contains("0 rows imported, 2 already there"), "{again:?}");
    house.stop();
}
