//! Dates of the calendar that everybody uses, in UTC: `2027-01-31` and `2027-01-31T18:30:00Z` (RFC 3339, section 5.6).

const DAY: u64 = 86_400;

/// Seconds since 1970 of a day's begin, or of a moment. `None` for other text and for years before 1970.
#[must_use]
pub fn read_date(text: &str) -> Option<u64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time.strip_suffix('Z')?)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = time.map_or(Some([0; 3]), |time| numbers(time, ':', [2, 2, 2]))?;
    let is_day = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    if year < 1970 || !is_day || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_before(year, month, day) * DAY + hour * 3_600 + minute * 60 + second)
}

/// The text of a moment, as [`read_date`] reads it; the last of the year 9999 for later ones.
#[must_use]
pub fn write_date(seconds: u64) -> String {
    let seconds = seconds.min(253_402_300_799);
    let (mut days, mut year, mut month) = (seconds / DAY, 1970, 1);
    while days >= days_before(year + 1, 1, 1) - days_before(year, 1, 1) {
        days -= days_before(year + 1, 1, 1) - days_before(year, 1, 1);
        year += 1;
    }
    while days >= days_of(year, month) {
        days -= days_of(year, month);
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
}

fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        *number = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days between 1970-01-01 and a day.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let before = year - 1;
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(before) - leaps(1969);
    years + (1..month).map(|month| days_of(year, month)).sum::<u64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `date -u -d … +%s`.
    #[test]
    fn dates_are_seconds_since_1970() {
        let cases = [
            ("1970-01-01", 0),
            ("1970-01-01T00:00:01Z", 1),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-22T10:31:14Z", 1_795_343_474),
            ("2100-03-01", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ];
        for (text, seconds) in cases {
            assert_eq!(read_date(text), Some(seconds), "{text}");
            assert!(write_date(seconds).starts_with(text), "{text}");
        }
        assert_eq!(write_date(u64::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let none = [
            "",
            "2027",
            "2027-1-1",
            "2027-13-01",
            "2027-00-01",
            "2027-02-29",
            "2100-02-29",
            "1969-12-31",
            "27-01-01",
            "2027-01-01T00:00:00",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:00Z",
            "2027-01-01T00:00:60Z",
            "2027-01-01 00:00:00Z",
            "+027-01-01",
            "2027-01-01T00:00:00+01:00",
            "2027-01-01-01",
        ];
        for text in none {
            assert_eq!(read_date(text), None, "{text}");
        }
    }
}
