//! Dates, times (RFC 3339, section 5.6) and durations (its appendix A).

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
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return false };
    let (Some(hour), Some(minute), Some(second)) =
        (number(&[*h1, *h2]), number(&[*m1, *m2]), number(&[*s1, *s2]))
    else {
        return false;
    };
    let Some(offset) = without_fraction(rest).and_then(minutes_from_utc) else { return false };
    let is_last_minute = (hour * 60 + minute - offset).rem_euclid(24 * 60) == 23 * 60 + 59;
    hour < 24 && minute < 60 && (second < 60 || (second == 60 && is_last_minute))
}

/// `date-time`.
pub(super) fn is_date_time(text: &str) -> bool {
    text.split_once(['T', 't']).is_some_and(|(date, time)| is_date(date) && is_time(time))
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
