//! Counts against naive logs of timestamps, over generated schedules of requests whose clock steps now and then.
//! `PORTCULLIS_SCHEDULES=2000000 cargo test --release -p portcullis-throttle schedules` judges two million of each kind, in a minute of one
//! processor's time; without it there are a few, for every build.

use portcullis_config::throttle::{UnitConfig, WindowConfig};

use crate::gcra::{Rate, SECOND, SKEW, Verdict, take};
use crate::meter::{CLASSES, Meter};
use crate::slot::{CALLERS, Slot, tag};
use crate::window::Window;

const FEW: u64 = 10_000;
/// Requests of one schedule.
const LENGTH: usize = 24;
/// 2026-01-01T00:00:00Z.
const START: u64 = 1_767_225_600 * SECOND;

/// Numbers that are the same in every run: a schedule that fails is found again by its seed.
struct Numbers(u64);

impl Numbers {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// Of any size up to `most`, small ones as likely as large ones.
    fn of_any_size(&mut self, most: u64) -> u64 {
        let bits = self.below(64 - u64::from(most.leading_zeros()) + 1);
        self.below(1u64.checked_shl(bits as u32).unwrap_or(u64::MAX)).min(most)
    }
}

/// Judges schedules by their numbers, each with numbers of its own.
fn every_schedule(judge: impl Fn(&mut Numbers, u64)) {
    let wanted = std::env::var("PORTCULLIS_SCHEDULES").ok();
    let count = wanted.map_or(Ok(FEW), |text| text.parse());
    let count = count.unwrap_or_else(|cause| panic!("PORTCULLIS_SCHEDULES is no number: {cause}"));
    (0..count).for_each(|seed| judge(&mut Numbers(seed), seed));
}

/// The clock of the host, and how much time has really passed.
struct Time {
    clock: u64,
    real: u64,
    /// What the steps forwards come to, each with when it was.
    leaps: Vec<(u64, u64)>,
}

impl Time {
    fn new() -> Self {
        Self { clock: START, real: 0, leaps: Vec::new() }
    }

    /// A while passes; one schedule in four has steps of up to a year, either way.
    fn pass(&mut self, numbers: &mut Numbers, gap: u64, steps: bool) {
        let gap = numbers.of_any_size(gap);
        self.clock += gap;
        self.real += gap;
        if steps && numbers.one_in(6) {
            let step = numbers.of_any_size(366 * 86_400 * SECOND);
            if numbers.one_in(2) {
                self.clock -= step.min(self.clock);
            } else {
                self.clock += step;
                self.leaps.push((self.real, step));
            }
        }
    }
}

/// What was let pass, by the clock and in real time, and how much of it.
#[derive(Clone, Default)]
struct Log(Vec<(u64, u64, u32)>);

impl Log {
    /// Where the bucket stands by the whole log: it drains a nanosecond a nanosecond, and each unit fills it by an interval.
    fn drained_at(&self, rate: Rate) -> u64 {
        self.0.iter().fold(0, |tat, (clock, _, units)| tat.max(*clock) + rate.cost(*units))
    }
}

#[test]
fn rates_let_pass_what_a_naive_log_does_whatever_the_clock_does() {
    every_schedule(|numbers, seed| {
        let requests = 1 + numbers.below(20);
        let period = requests.max(1 + numbers.of_any_size(3_600 * SECOND));
        let burst = 1 + numbers.below(20);
        let Some(rate) = Rate::new(requests, period, burst) else { return };
        let interval = rate.cost(1);
        let (mut tat, mut time, mut log, mut all) = (0, Time::new(), Log::default(), Log::default());
        let steps = numbers.one_in(4);
        for _ in 0..LENGTH {
            time.pass(numbers, 3 * interval, steps);
            let (now, units) = (time.clock, 1 + numbers.below(3) as u32);
            // A log that is further ahead than a full burst was written before a step back: all of the burst is taken to be used.
            if log.drained_at(rate) > now + rate.capacity() + SKEW {
                log = Log(vec![(now, 0, u32::try_from(burst).unwrap())]);
            }
            let expected = log.drained_at(rate).max(now) + rate.cost(units) <= now + rate.capacity();
            let (next, verdict) = take(tat, rate, units, now);
            tat = next;
            match verdict {
                Verdict::Admitted { .. } => {
                    log.0.push((now, time.real, units));
                    all.0.push((now, time.real, units));
                }
                // Nobody waits for longer than its own cost, and what clocks may differ.
                Verdict::Refused { retry_in } => assert!(retry_in <= rate.cost(units) + SKEW, "{seed}"),
            }
            assert_eq!(matches!(verdict, Verdict::Admitted { .. }), expected, "{seed}");
        }
        never_more_than_was_earned(&all, rate, burst, &time, seed);
    });
}

/// In any stretch of real time: a burst, what came back meanwhile, and for each step forwards what it leaps over, at most a burst.
fn never_more_than_was_earned(all: &Log, rate: Rate, burst: u64, time: &Time, seed: u64) {
    for (at, (_, first, _)) in all.0.iter().enumerate() {
        let mut passed = 0;
        for (_, last, units) in all.0.iter().skip(at) {
            passed += u64::from(*units);
            let leapt = time.leaps.iter().filter(|(when, _)| when >= first && when <= last);
            let leapt: u64 = leapt.map(|(_, step)| step.div_ceil(rate.cost(1)).min(burst)).sum();
            let earned = (last - first).div_ceil(rate.cost(1));
            assert!(passed <= burst + earned + leapt, "{seed}: {passed} units");
        }
    }
}

#[test]
fn windows_let_pass_what_a_naive_log_does_and_steps_back_give_nothing() {
    let units =
        [UnitConfig::Second, UnitConfig::Minute, UnitConfig::Hour, UnitConfig::Day, UnitConfig::Month];
    every_schedule(|numbers, seed| {
        let unit = units[numbers.below(5) as usize];
        let offset = numbers.below(2 * 1439) as i32 - 1439;
        let config = WindowConfig { unit, units: 1 + numbers.below(3) as u32, utc_offset_minutes: offset };
        let calendar = crate::calendar::Calendar::new(&config).expect("a calendar");
        let quota = 1 + numbers.below(12);
        let window = Window::new(quota, &config).expect("a window");
        let (mut number, mut time, steps) = (0, Time::new(), numbers.one_in(4));
        // What was used of the window that ends then.
        let (mut used, mut end) = (0, 0);
        for _ in 0..LENGTH {
            time.pass(numbers, calendar.longest(), steps);
            let (now, units) = (time.clock, 1 + numbers.below(3));
            let (start, this) = calendar.around(now);
            if end <= start {
                (used, end) = (0, this);
            } else if end > this && calendar.around(end - 1).0 > now + SKEW {
                // The clock stepped back: what is used stays used.
                end = this;
            }
            let expected = used + units <= quota;
            let (next, verdict) = window.take(number, units, now);
            number = next;
            if let Verdict::Admitted { remaining, .. } = verdict {
                used += units;
                assert_eq!(remaining, quota - used, "{seed}");
            }
            assert_eq!(matches!(verdict, Verdict::Admitted { .. }), expected, "{seed}");
        }
    });
}

#[test]
fn a_contested_slot_never_lets_pass_more_than_each_callers_log_and_delays_nobody_for_longer_than_its_class_lasts()
 {
    every_schedule(|numbers, seed| {
        // One slot for up to three times as many callers as it keeps, with limits of one class.
        let callers = 1 + numbers.below(3 * CALLERS as u64);
        let rates: Vec<Rate> = (0..3)
            .map(|_| Rate::new(1 + numbers.below(10), 60 * SECOND, 1 + numbers.below(10)).unwrap())
            .collect();
        let class = Meter::Rate(rates[0]).class();
        let rates: Vec<Rate> = rates.into_iter().filter(|rate| Meter::Rate(*rate).class() == class).collect();
        let reach = rates.iter().map(|rate| rate.capacity()).max().unwrap_or_default();
        let (mut slot, mut logs) = (Slot::default(), vec![Log::default(); callers as usize]);
        let mut now = START;
        for _ in 0..4 * LENGTH {
            now += numbers.of_any_size(20 * SECOND);
            slot = Slot::read(&slot.to_value(), now).expect("its own value");
            let caller = numbers.below(callers);
            let rate = rates[caller as usize % rates.len()];
            let log = &mut logs[caller as usize];
            match slot.take(tag(caller, class), Meter::Rate(rate), 1, now) {
                Verdict::Admitted { .. } => {
                    let is_owed = log.drained_at(rate).max(now) + rate.cost(1) <= now + rate.capacity();
                    assert!(is_owed, "{seed}: more than its own log");
                    log.0.push((now, 0, 1));
                }
                Verdict::Refused { retry_in } => {
                    // The floor is nobody's number but the latest of what went.
                    assert!(retry_in <= reach + rate.cost(1) - rate.capacity(), "{seed}: {retry_in}");
                    let mut later = Slot::read(&slot.to_value(), now + retry_in).expect("its own value");
                    let again = later.take(tag(caller, class), Meter::Rate(rate), 1, now + retry_in);
                    assert!(matches!(again, Verdict::Admitted { .. }), "{seed}: it passes when it was told");
                }
            }
            assert!(slot.to_value().len() <= 16 * (CALLERS + CLASSES), "{seed}: it grows");
        }
    });
}

#[test]
fn strangers_to_a_full_slot_share_one_allowance_at_worst() {
    // Sixteen callers who use up all they have, and a hundred strangers, for an hour: of 10 a minute.
    let rate = Rate::new(10, 60 * SECOND, 10).unwrap();
    let (mut slot, mut passed) = (Slot::default(), [0u64; 2]);
    for second in 0..3_600 {
        let now = START + second * SECOND;
        for caller in 0..CALLERS as u64 + 100 {
            slot = Slot::read(&slot.to_value(), now).expect("its own value");
            let verdict = slot.take(tag(caller, 0), Meter::Rate(rate), 1, now);
            passed[usize::from(caller >= CALLERS as u64)] +=
                u64::from(matches!(verdict, Verdict::Admitted { .. }));
        }
    }
    let one = 10 + 3_599 / 6;
    let [known, strangers] = passed;
    assert!(known <= CALLERS as u64 * one && known + strangers >= (CALLERS as u64) * one, "{passed:?}");
    assert!(strangers >= one - 10, "{passed:?}: all of them less than one caller");
}
