//! The calendar at a fixed distance from UTC: when the units of time begin. Zones with summer time would need
//! the time zone database, which a module does not have and which changes between builds.

use portcullis_config::throttle::{UnitConfig, WindowConfig};

use crate::gcra::SECOND;

const DAY: i64 = 86_400;
/// 1970-01-05 was a Monday.
const FIRST_MONDAY: i64 = 4 * DAY;
/// A year is never longer, and a month of 31 days is less than a twelfth of this.
const LONGEST_YEAR: u64 = 372 * 86_400;

/// Stretches of the calendar that follow one another without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calendar {
    length: Length,
    /// How far local time is ahead of UTC, in seconds.
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Always as many seconds; one stretch begins at `from`, in local seconds since 1970.
    Seconds { length: i64, from: i64 },
    /// So many months; one begins with January of the year 0.
    Months(i64),
}

impl Calendar {
    /// `None` for no unit at all, more than ten years, or an offset of a day or more.
    pub(crate) fn new(config: &WindowConfig) -> Option<Self> {
        let units = i64::from(config.units);
        let seconds = |unit: i64, from| Length::Seconds { length: unit * units, from };
        let length = match config.unit {
            UnitConfig::Second => seconds(1, 0),
            UnitConfig::Minute => seconds(60, 0),
            UnitConfig::Hour => seconds(3_600, 0),
            UnitConfig::Day => seconds(DAY, 0),
            UnitConfig::Week => seconds(7 * DAY, FIRST_MONDAY),
            UnitConfig::Month => Length::Months(units),
            UnitConfig::Year => Length::Months(12 * units),
        };
        let calendar = Self { length, offset: i64::from(config.utc_offset_minutes) * 60 };
        let is_long = calendar.longest() > 10 * LONGEST_YEAR * SECOND;
        (units > 0 && !is_long && calendar.offset.abs() < DAY).then_some(calendar)
    }

    /// The stretch in which a moment lies: its first nanosecond, and the next one's. Before 1970 there is nothing.
    pub(crate) fn around(self, moment: u64) -> (u64, u64) {
        let local = (moment / SECOND).cast_signed() + self.offset;
        let (start, end) = match self.length {
            Length::Seconds { length, from } => {
                let start = (local - from).div_euclid(length) * length + from;
                (start, start + length)
            }
            Length::Months(length) => {
                let first = month_of(local.div_euclid(DAY)).div_euclid(length) * length;
                (day_of(first) * DAY, day_of(first + length) * DAY)
            }
        };
        let nanoseconds = |local: i64| u64::try_from(local - self.offset).unwrap_or(0).saturating_mul(SECOND);
        (nanoseconds(start), nanoseconds(end))
    }

    /// In nanoseconds; no stretch is shorter.
    pub(crate) fn shortest(self) -> u64 {
        self.length(28 * DAY)
    }

    /// In nanoseconds; no stretch is longer.
    pub(crate) fn longest(self) -> u64 {
        self.length(31 * DAY)
    }

    /// In seconds; `None` where stretches differ.
    pub(crate) fn seconds(self) -> Option<u64> {
        match self.length {
            Length::Seconds { length, .. } => Some(length.unsigned_abs()),
            Length::Months(_) => None,
        }
    }

    fn length(self, month: i64) -> u64 {
        let seconds = match self.length {
            Length::Seconds { length, .. } => length,
            Length::Months(length) => length * month,
        };
        seconds.unsigned_abs().saturating_mul(SECOND)
    }
}

/// Months since January of the year 0, of a day since 1970-01-01. After Howard Hinnant's `civil_from_days`: years
/// begin in March, so that the leap day is the last.
fn month_of(day: i64) -> i64 {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    (era * 400 + year) * 12 + month + 2
}

/// The first day of a month, since 1970-01-01: the inverse of [`month_of`].
fn day_of(month: i64) -> i64 {
    let from_march = month - 2;
    let (year, month) = (from_march.div_euclid(12), from_march.rem_euclid(12));
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(unit: UnitConfig, units: u32, utc_offset_minutes: i32) -> Option<Calendar> {
        Calendar::new(&WindowConfig { unit, units, utc_offset_minutes })
    }

    /// Seconds since 1970 of a text such as `2026-02-28 23:59:59`, without any of the code above.
    fn at(text: &str) -> u64 {
        let number = |from: usize, to: usize| text[from..to].parse::<u64>().unwrap();
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        let every = |year: u64, years| year.is_multiple_of(years);
        let leap = |year| (every(year, 4) && !every(year, 100)) || every(year, 400);
        let mut days: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
        let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        days += lengths.iter().take(month as usize - 1).sum::<u64>() + day - 1;
        days * 86_400 + number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19)
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn units_begin_where_the_calendar_says() {
        use UnitConfig::*;
        let cases = [
            (Second, 1, 0, "2026-02-28 23:59:59", "2026-02-28 23:59:59", "2026-03-01 00:00:00"),
            (Minute, 1, 0, "2026-02-28 23:59:59", "2026-02-28 23:59:00", "2026-03-01 00:00:00"),
            (Minute, 5, 0, "2026-02-28 23:59:59", "2026-02-28 23:55:00", "2026-03-01 00:00:00"),
            (Hour, 1, 330, "2026-01-01 00:29:59", "2025-12-31 23:30:00", "2026-01-01 00:30:00"),
            (Day, 1, 0, "2026-02-28 23:59:59", "2026-02-28 00:00:00", "2026-03-01 00:00:00"),
            (Day, 1, 120, "2026-02-28 22:00:00", "2026-02-28 22:00:00", "2026-03-01 22:00:00"),
            (Day, 1, -300, "2026-03-01 04:59:59", "2026-02-28 05:00:00", "2026-03-01 05:00:00"),
            (Week, 1, 0, "2026-11-22 12:00:00", "2026-11-16 00:00:00", "2026-11-23 00:00:00"),
            (Week, 1, 60, "2026-11-22 23:00:00", "2026-11-22 23:00:00", "2026-11-29 23:00:00"),
            (Month, 1, 0, "2024-02-29 23:59:59", "2024-02-01 00:00:00", "2024-03-01 00:00:00"),
            (Month, 1, 0, "2100-02-28 23:59:59", "2100-02-01 00:00:00", "2100-03-01 00:00:00"),
            (Month, 1, 720, "2026-12-31 12:00:00", "2026-12-31 12:00:00", "2027-01-31 12:00:00"),
            (Month, 3, 0, "2026-11-22 12:00:00", "2026-10-01 00:00:00", "2027-01-01 00:00:00"),
            (Year, 1, 0, "2024-12-31 23:59:59", "2024-01-01 00:00:00", "2025-01-01 00:00:00"),
            (Year, 1, -1, "2025-01-01 00:00:59", "2024-01-01 00:01:00", "2025-01-01 00:01:00"),
        ];
        for (unit, units, offset, moment, start, end) in cases {
            let found = calendar(unit, units, offset).unwrap().around(at(moment) * SECOND + 999);
            assert_eq!(found, (at(start) * SECOND, at(end) * SECOND), "{units} {unit:?} {offset} {moment}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_no_stretch_of_time_is_refused() {
        use UnitConfig::*;
        for (unit, units, offset) in [
            (Second, 0, 0),
            (Year, 11, 0),
            (Month, 121, 0),
            (Week, u32::MAX, 0),
            (Day, 1, 1440),
            (Day, 1, -1440),
        ] {
            assert_eq!(calendar(unit, units, offset), None, "{units} {unit:?} {offset}");
        }
        assert!(calendar(Year, 10, 1439).is_some());
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 5000, ..Default::default() })]

        #[test]
        fn every_moment_lies_in_one_stretch_and_they_follow_one_another(
            moment: u64,
            unit in 0..7usize,
            units in 1..10u32,
            offset in -1439..1440i32,
        ) {
            use UnitConfig::*;
            let unit = [Second, Minute, Hour, Day, Week, Month, Year][unit];
            let calendar = calendar(unit, units, offset).unwrap();
            let (start, end) = calendar.around(moment);
            proptest::prop_assert!(start <= moment);
            if end < u64::MAX / SECOND * SECOND {
                proptest::prop_assert!(moment < end);
                proptest::prop_assert_eq!(calendar.around(end).0, end);
                proptest::prop_assert_eq!(calendar.around(end - 1).1, end);
                let length = end - start;
                if start > 0 {
                    proptest::prop_assert!((calendar.shortest()..=calendar.longest()).contains(&length));
                }
            }
        }
    }
}
