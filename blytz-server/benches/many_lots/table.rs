//! The table that is printed at the end.

use crate::measure::Figure;

/// A line per figure, a column per database, and how many times the last is the one before it.
pub fn print(columns: &[(String, Vec<Figure>)]) {
    let Some((_, first)) = columns.first() else { return };
    let what = first.iter().map(|figure| figure.what.len()).max().unwrap_or(0);
    print!("{:what$}", "");
    for (name, _) in columns {
        print!(" {name:>15}");
    }
    println!(" {:>8}", "ratio");
    for (line, figure) in first.iter().enumerate() {
        let values: Vec<Option<f64>> = columns.iter().map(|(_, figures)| figures[line].value).collect();
        print!("{:what$}", figure.what);
        for value in &values {
            print!(" {:>15}", cell(*value, figure.unit));
        }
        println!(" {:>8}", ratio(&values));
    }
}

fn cell(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} {unit}"))
}

fn ratio(values: &[Option<f64>]) -> String {
    match values {
        [.., Some(small), Some(big)] if *small > 0.0 => format!("{:.2}", big / small),
        _ => "-".to_owned(),
    }
}
