//! Money and time as people read them.

use blytz_core::{Money, Timestamp};

/// `MYR 1,250.00`.
pub fn money(money: Money) -> String {
    format!("{} {}", money.currency, digits(money))
}

/// `1,250.00`: major units with thousands separators.
pub fn digits(money: Money) -> String {
    let decimal = money.to_decimal();
    let (whole, fraction) = decimal.split_once('.').map_or((decimal.as_str(), None), |(w, f)| (w, Some(f)));
    let mut text = String::with_capacity(decimal.len() + decimal.len() / 3);
    for (index, c) in whole.char_indices() {
        let rest = whole.len() - index;
        if index > 0 && rest.is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(c);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Time left: `2 d 03:04:05`, `3:04:05`, `04:05`; below ten seconds with tenths, `9.3 s`.
pub fn countdown(micros: i64) -> String {
    let micros = micros.max(0);
    if micros < 10_000_000 {
        // Rounded up, so that 0.0 means over and nothing else does.
        let tenths = (micros + 99_999) / 100_000;
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (micros + 999_999) / 1_000_000;
    let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes:02}:{seconds:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => format!("{days} d {hours:02}:{minutes:02}:{seconds:02}"),
    }
}

/// How long ago: `now`, `12 s`, `3 min`, `2 h`, `5 d`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.micros_since(at) / 1_000_000;
    match seconds {
        ..=1 => "now".to_owned(),
        2..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=86_399 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blytz_core::Currency;

    #[test]
    fn money_has_separators() {
        for (amount, text) in [
            (5, "0.05"),
            (99_999, "999.99"),
            (100_000, "1,000.00"),
            (123_456_789, "1,234,567.89"),
            (blytz_core::money::MAX_AMOUNT, "90,071,992,547,409.91"),
        ] {
            assert_eq!(digits(Money::new(amount, Currency::MYR)), text);
        }
        let yen = "JPY".parse().expect("a currency");
        assert_eq!(money(Money::new(1_234_567, yen)), "JPY 1,234,567");
    }

    #[test]
    fn countdowns_round_up_and_stop_at_zero() {
        for (micros, text) in [
            (-5, "0.0 s"),
            (0, "0.0 s"),
            (1, "0.1 s"),
            (9_300_000, "9.3 s"),
            (10_000_000, "00:10"),
            (59_000_001, "01:00"),
            (245_000_000, "04:05"),
            (11_045_000_000, "3:04:05"),
            (183_845_000_000, "2 d 03:04:05"),
        ] {
            assert_eq!(countdown(micros), text, "{micros}");
        }
    }

    #[test]
    fn ages() {
        let at = Timestamp::from_micros(0);
        for (seconds, text) in [(-3, "now"), (1, "now"), (59, "59 s"), (60, "1 min"), (7_200, "2 h"), (200_000, "2 d")]
        {
            assert_eq!(ago(at, at.plus_millis(seconds * 1_000)), text);
        }
    }
}
