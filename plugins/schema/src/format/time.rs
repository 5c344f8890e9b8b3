//! Dates, times (RFC 3339, section 5.6), durations (its appendix A), and dates of HTTP (RFC 9110, section 5.6.7).

/// `full-date`.
pub(super) fn is_date(text: &str) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return false };
    let year = number(&[*y1, *y2, *y3, *y4]);
    match (year, number(&[*m1, *m2]), number(&[*d1, *d2])) {
        (Some(year), Some(month), Some(day)) => (1..=days_in(year, month)).contains(&day),
        _ => false,
    }
}

/// `full-time`: hours, minutes, seconds and the distance from UTC. A leap second only where one can be.
pub(super) fn is_time(text: &str) -> bool {
    let Some((clock, rest)) = text.as_bytes().split_at_checked(8) else { return false };
    let Some((hour, minute, second)) = clock_of(clock) else { return false };
    let Some(offset) = without_fraction(rest).and_then(minutes_from_utc) else { return false };
    let is_last_minute = (hour * 60 + minute - offset).rem_euclid(24 * 60) == 23 * 60 + 59;
    second < 60 || is_last_minute
}

/// `partial-time`: a clock that does not say where it hangs.
pub(super) fn is_local_time(text: &str) -> bool {
    let Some((clock, rest)) = text.as_bytes().split_at_checked(8) else { return false };
    clock_of(clock).is_some() && without_fraction(rest).is_some_and(<[u8]>::is_empty)
}

/// The same with its date.
pub(super) fn is_local_date_time(text: &str) -> bool {
    text.split_once(['T', 't']).is_some_and(|(date, time)| is_date(date) && is_local_time(time))
}

/// In any of its three forms, the obsolete ones too. Whether the day of the week is that of the date is not looked at.
pub(super) fn is_http_date(text: &str) -> bool {
    let Some((day, rest)) = text.split_once(", ") else { return is_asctime(text) };
    let rest = rest.strip_suffix(" GMT").and_then(|rest| rest.rsplit_once(' '));
    let Some((date, clock)) = rest else { return false };
    let (separator, length) = if is_short_day(day) { (' ', 4) } else { ('-', 2) };
    let parts: Vec<&str> = date.split(separator).collect();
    let [of_month, month, year] = parts.as_slice() else { return false };
    (is_short_day(day) || DAYS.contains(&day)) && is_day_of(of_month, month, year, length) && is_clock(clock)
}

/// As C writes it, with a space before a day of one digit.
fn is_asctime(text: &str) -> bool {
    let parts: Option<Vec<&str>> =
        [0..4, 4..8, 8..10, 10..11, 11..19, 19..20].into_iter().map(|range| text.get(range)).collect();
    let (Some(parts), Some(year)) = (parts, text.get(20..)) else { return false };
    let [day, month, of_month, " ", clock, " "] = parts.as_slice() else { return false };
    let (Some(day), Some(month)) = (day.strip_suffix(' '), month.strip_suffix(' ')) else { return false };
    let of_month = of_month.strip_prefix(' ').map_or((*of_month).to_owned(), |digit| format!("0{digit}"));
    is_short_day(day) && is_day_of(&of_month, month, year, 4) && is_clock(clock)
}

fn is_short_day(name: &str) -> bool {
    DAYS.iter().any(|day| day.get(..3) == Some(name))
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Whether a month has a day; a year of two digits may be any leap year.
fn is_day_of(day: &str, month: &str, year: &str, length: usize) -> bool {
    let at = MONTHS.iter().position(|known| *known == month);
    let month = at.and_then(|at| i32::try_from(at + 1).ok());
    match (month, number(day.as_bytes()), number(year.as_bytes())) {
        (Some(month), Some(day_of_month), Some(year_number)) if day.len() == 2 && year.len() == length => {
            let year = if length == 2 { 2000 + year_number } else { year_number };
            (1..=days_in(year, month)).contains(&day_of_month)
        }
        _ => false,
    }
}

fn is_clock(text: &str) -> bool {
    clock_of(text.as_bytes()).is_some()
}

/// `23:59:60`; a leap second may be anywhere.
fn clock_of(clock: &[u8]) -> Option<(i32, i32, i32)> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?, number(&[*s1, *s2])?);
    (hour < 24 && minute < 60 && second <= 60).then_some((hour, minute, second))
}

/// `date-time`.
pub(super) fn is_date_time(text: &str) -> bool {
    let Some((date, [b'T' | b't', ..])) = text.as_bytes().split_at_checked(10) else { return false };
    let parts = text.get(..date.len()).zip(text.get(date.len() + 1..));
    parts.is_some_and(|(date, time)| is_date(date) && is_time(time))
}

/// `duration`: weeks alone, or units from the largest to the smallest without a gap.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(text) = text.strip_prefix('P') else { return false };
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let (Some(date), Some(time)) = (units(date), time.map_or(Some(String::new()), units)) else {
        return false;
    };
    let has_time = text.contains('T');
    match (date.as_str(), time.as_str()) {
        ("W", "") => !has_time,
        ("", "") => false,
        (date, time) => "YMD".contains(date) && "HMS".contains(time) && has_time != time.is_empty(),
    }
}

/// The letters of `1Y2M3D`; each has digits before it.
fn units(text: &str) -> Option<String> {
    let mut letters = String::new();
    let mut has_digits = false;
    for one in text.chars() {
        if one.is_ascii_digit() {
            has_digits = true;
        } else if has_digits {
            letters.push(one);
            has_digits = false;
        } else {
            return None;
        }
    }
    if has_digits { None } else { Some(letters) }
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0')))
}

fn days_in(year: i32, month: i32) -> i32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// What follows `.123`, if that is there.
fn without_fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(text) = text.strip_prefix(b".") else { return Some(text) };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { None } else { text.get(digits..) }
}

/// `Z`, or `+01:00`.
fn minutes_from_utc(text: &[u8]) -> Option<i32> {
    match text {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            let offset = hours * 60 + minutes;
            (hours < 24 && minutes < 60).then_some(if *sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn times_are_those_of_the_calendar_and_the_clock() {
        for (text, expected) in [
            ("2024-02-29T00:00:00Z", true),
            ("2023-02-29T00:00:00Z", false),
            ("1900-02-29T00:00:00Z", false),
            ("2000-02-29t23:59:60z", true),
            ("2000-13-01T00:00:00Z", false),
            ("2000-01-00T00:00:00Z", false),
            ("2000-01-01T24:00:00Z", false),
            ("2000-01-01T00:00:00", false),
            ("2000-01-01T00:00:00.Z", false),
            ("2000-01-01T00:00:00.123+05:30", true),
            ("2000-01-01T00:00:00+24:00", false),
            ("2000-01-01T22:59:60-01:00", true),
            ("2000-01-01T22:59:60+01:00", false),
            ("2000-01-01 00:00:00Z", false),
            ("2000-01-01T00:00:é0Z", false),
        ] {
            assert_eq!(is_date_time(text), expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn local_times_name_no_zone() {
        for (text, expected) in [
            ("2024-02-29T10:00:00", true),
            ("2024-02-29T10:00:00.25", true),
            ("2024-02-29T10:00:00Z", false),
            ("2023-02-29T10:00:00", false),
            ("2024-02-29T24:00:00", false),
            ("2024-02-29T10:00", false),
            ("10:00:00", false),
        ] {
            assert_eq!(is_local_date_time(text), expected, "{text}");
        }
        assert!(is_local_time("10:00:00") && !is_local_time("10:00:00+01:00"));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn dates_of_http_have_three_forms() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", true),
            ("Sunday, 06-Nov-94 08:49:37 GMT", true),
            ("Sun Nov  6 08:49:37 1994", true),
            ("Sun Nov 16 08:49:37 1994", true),
            ("Sun, 06 Nov 1994 08:49:37 UTC", false),
            ("Sun, 6 Nov 1994 08:49:37 GMT", false),
            ("Sun, 31 Nov 1994 08:49:37 GMT", false),
            ("Sun, 06-Nov-94 08:49:37 GMT", false),
            ("Sunday, 06 Nov 1994 08:49:37 GMT", false),
            ("Day, 06 Nov 1994 08:49:37 GMT", false),
            ("Sun, 06 Nov 1994 24:49:37 GMT", false),
            ("Sun Nov  6 08:49:37 94", false),
            ("Sun Nov 6  08:49:37 1994", false),
            ("Sun Nov é6 08:49:37 1994", false),
            ("", false),
        ] {
            assert_eq!(is_http_date(text), expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn durations_have_their_units_in_turn() {
        for (text, expected) in [
            ("P1Y2M3DT4H5M6S", true),
            ("P4W", true),
            ("P1M", true),
            ("PT36H", true),
            ("P1Y3D", false),
            ("PT1H6S", false),
            ("P", false),
            ("P1DT", false),
            ("P1D1Y", false),
            ("P1W1D", false),
            ("PT1D", false),
            ("1D", false),
            ("P1", false),
            ("PD", false),
            ("P4WT1H", false),
        ] {
            assert_eq!(is_duration(text), expected, "{text}");
        }
    }
}
