//! Tables at the widths that terminals have.

use crate::house::House;

/// The lines of a screen, as they stand there.
fn lines(screen: &str) -> Vec<String> {
    // Colours take no room.
    let mut plain = String::new();
    let mut rest = screen;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn ids_are_whole_and_the_title_gives_way() {
    let house = House::open();
    let seller = house.seller("sita");
    let title = "A blue teapot with a very long story that begins in Melaka and does not end for a while";
    let product = seller.product(title);
    let lot = seller.json(&["auctions", "create", "--product", &product, "--starting-price", "10"]);
    let lot = lot["id"].as_str().expect("an id");
    let show = seller.json(&["shows", "create", "--title", title]);
    let show = show["id"].as_str().expect("an id");
    for (list, id) in [("products", product.as_str()), ("auctions", lot), ("shows", show)] {
        for columns in [80, 60, 40] {
            let left = seller.at_terminal(columns, &[list, "list", "--color", "always"]).left();
            let lines = lines(&left.screen);
            assert!(lines.iter().all(|line| line.chars().count() <= usize::from(columns)), "{columns}: {lines:#?}");
            assert!(lines.iter().any(|line| line.contains(id)), "{columns}: {lines:#?}");
            let cut = lines.iter().any(|line| line.contains("A blue") && line.contains('\u{2026}'));
            assert!(cut || columns == 40, "{columns}: {lines:#?}");
            assert!(lines.len() <= 2 * 5, "a letter a line: {lines:#?}");
        }
        // Who does not know how wide it is gets everything, as a pipe does.
        let left = seller.at_terminal(0, &[list, "list", "--color", "never"]).left();
        assert_eq!(lines(&left.screen), lines(&seller.run(&[list, "list"]).ok().stdout), "{list}");
        assert!(left.screen.contains(title), "{left:?}");
    }
    for columns in [80, 50, 30, 0] {
        let left = seller.at_terminal(columns, &["auctions", "get", lot, "--color", "never"]).left();
        assert!(lines(&left.screen).iter().any(|line| line.contains(lot)), "{columns}: {left:?}");
        assert!(lines(&left.screen).len() < 40, "{columns}: {left:?}");
    }
    house.stop();
}

#[test]
fn a_bar_is_drawn_at_any_width() {
    let house = House::open();
    let seller = house.seller("sita");
    let rows = "Cup,1,1\n".repeat(30);
    for columns in [80, 20, 0] {
        let file = house.file("rows.csv", &format!("title,price,quantity\n{rows}"));
        let left = seller.at_terminal(columns, &["products", "import", &file, "--yes"]).left();
        assert!(left.code == 0 && left.screen.contains("30 rows imported"), "{columns}: {left:?}");
        let shown = left.screen.split(['\r', '\n']).filter(|line| line.chars().count() == 1).count();
        assert!(shown < 5, "a letter a line at {columns}: {left:?}");
    }
    house.stop();
}
