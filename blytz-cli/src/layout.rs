//! How a table fits into a terminal: text gives way, ids and amounts never do, and what has no room
//! beside the others goes onto a line below.

/// Between two columns.
pub const GAP: usize = 2;
/// Before the lines of a row that follow its first.
pub const INDENT: usize = 2;

/// How wide a column would be, and how narrow it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub width: usize,
    pub least: usize,
}

/// The widths of all columns, line by line. Without a known width everything has room.
pub fn lines(columns: &[Column], width: Option<usize>) -> Vec<Vec<usize>> {
    let Some(width) = width else { return vec![columns.iter().map(|column| column.width).collect()] };
    let mut lines = Vec::new();
    let mut rest = columns;
    while !rest.is_empty() {
        let room = if lines.is_empty() { width } else { width.saturating_sub(INDENT) };
        let count = (1..=rest.len()).take_while(|count| least(&rest[..*count]) <= room).last().unwrap_or(1);
        let (line, below) = rest.split_at(count);
        lines.push(widths(line, room));
        rest = below;
    }
    lines
}

fn least(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.least).sum::<usize>() + GAP * columns.len().saturating_sub(1)
}

/// What is left of the room goes to those that gave way, in order.
fn widths(columns: &[Column], room: usize) -> Vec<usize> {
    let mut spare = room.saturating_sub(least(columns));
    let given = columns.iter().map(|column| {
        let more = spare.min(column.width - column.least);
        spare -= more;
        column.least + more
    });
    given.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(width: usize, least: usize) -> Column {
        Column { width, least }
    }

    #[test]
    fn text_gives_way_before_anything_goes_below() {
        let (id, title, price) = (column(36, 36), column(60, 12), column(9, 9));
        let columns = [id, title, price, price];
        for (width, expected) in [
            (None, vec![vec![36, 60, 9, 9]]),
            (Some(200), vec![vec![36, 60, 9, 9]]),
            (Some(80), vec![vec![36, 20, 9, 9]]),
            (Some(72), vec![vec![36, 12, 9, 9]]),
            (Some(71), vec![vec![36, 22, 9], vec![9]]),
            // Below there is room for the title again.
            (Some(40), vec![vec![36], vec![16, 9, 9]]),
            // Nothing of an id is ever cut.
            (Some(20), vec![vec![36], vec![18], vec![9], vec![9]]),
            (Some(1), vec![vec![36], vec![12], vec![9], vec![9]]),
        ] {
            assert_eq!(lines(&columns, width), expected, "{width:?}");
        }
    }
}
