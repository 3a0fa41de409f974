//! Points in time: civil dates in certificates, seconds inside, and how reliable the current time is.

use crate::der::{GENERALIZED_TIME, Malformed, Reader, UTC_TIME};
use crate::error::CertificateProblem;
use core::fmt;

/// A point in time: seconds since 1970-01-01T00:00:00Z, without leap seconds, as a Unix clock counts
/// them. 8 bytes.
///
/// `Display` writes RFC 3339: `2026-11-22T04:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnixTime(pub i64);

/// The current time and how reliable it is, for the validity of certificates (RFC 5280 section 4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Time {
    /// It is at least this late: the date of the build, or the last known time. A certificate that had expired by then
    /// is rejected; one that was not yet valid then is accepted, since it may be valid by now, and
    /// [reported](ValidityCheck::NotYetValid).
    AtLeast(UnixTime),
    /// The time of a clock that can be trusted: both ends of the validity are checked.
    Trusted(UnixTime),
    /// Unknown: validity is not checked. Only [`Time::dangerous_unknown`] makes it.
    Unknown(ValidityNotChecked),
}

/// The mark of a [`Time`] that was left out on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ValidityNotChecked(());

/// The extent to which the validity of a path was checked, which depends on what was known about the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ValidityCheck {
    /// Both ends, with a [trusted](Time::Trusted) time.
    Complete,
    /// Against a time that has [passed](Time::AtLeast): all certificates were valid then. Whether one of them has
    /// expired since is not known.
    LowerBound,
    /// Against a time that has [passed](Time::AtLeast): none had expired by then, but one was **not yet valid**. It was
    /// accepted, since it may be valid by now.
    NotYetValid,
    /// Nothing: the time was [unknown](Time::dangerous_unknown).
    Unchecked,
}

/// A date and a time of day in UTC, by the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Civil {
    /// The year, before 0 and after 9999 as well.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour, from 0 to 23.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
    /// The second.
    pub second: i64,
}

pub(crate) const SECONDS_A_DAY: i64 = 86_400;
/// Days of 400 years, after which the calendar repeats.
const DAYS_AN_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

impl Time {
    /// Makes an unknown time, so that **validity is not checked**: a certificate
    /// that expired years ago, whose key may have leaked since, is accepted.
    ///
    /// [`Time::AtLeast`] with the date of the build is better, and possible on every device.
    pub const fn dangerous_unknown() -> Self {
        Self::Unknown(ValidityNotChecked(()))
    }

    /// Returns the extent of the check of a certificate that is valid from `not_before` on.
    pub(super) fn check_of(self, not_before: UnixTime) -> ValidityCheck {
        match self {
            Self::Trusted(_) => ValidityCheck::Complete,
            Self::AtLeast(now) if now < not_before => ValidityCheck::NotYetValid,
            Self::AtLeast(_) => ValidityCheck::LowerBound,
            Self::Unknown(_) => ValidityCheck::Unchecked,
        }
    }

    /// Checks that now is within a validity. RFC 5280 section 4.1.2.5: "The validity period for a certificate is the period of time from
    /// notBefore through notAfter, inclusive."
    pub(super) fn check(self, not_before: UnixTime, not_after: UnixTime) -> Result<ValidityCheck, CertificateProblem> {
        match self {
            Self::Trusted(now) if now < not_before => Err(CertificateProblem::NotYetValid),
            Self::Trusted(now) | Self::AtLeast(now) if now > not_after => Err(CertificateProblem::Expired),
            _ => Ok(self.check_of(not_before)),
        }
    }
}

impl UnixTime {
    /// A validity without limits.
    pub(super) const ALWAYS: (Self, Self) = (Self(i64::MIN), Self(i64::MAX));

    /// Converts a date and a time of day in UTC, of the years 0 to 9999; `None` if there is no such
    /// date or time. A leap second, `23:59:60`, is not accepted.
    pub fn from_civil(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<Self> {
        let valid = year <= 9999
            && (1..=12).contains(&month)
            && (1..=days_of_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !valid {
            return None;
        }
        let days = days_since_epoch(i32::from(year), i32::from(month), i32::from(day));
        let seconds = (i32::from(hour) * 60 + i32::from(minute)) * 60 + i32::from(second);
        Some(Self(i64::from(days) * SECONDS_A_DAY + i64::from(seconds)))
    }

    /// Parses a `Time` of a certificate. RFC 5280 section 4.1.2.5: "CAs conforming to this profile MUST always encode
    /// certificate validity dates through the year 2049 as UTCTime; certificate validity dates in 2050 or later MUST be
    /// encoded as GeneralizedTime." Secure elements and old roots do not, which `early` records: "Conforming
    /// applications MUST be able to process validity dates that are encoded in either UTCTime or GeneralizedTime."
    ///
    /// RFC 5280 sections 4.1.2.5.1 and 4.1.2.5.2.
    pub(super) fn parse(reader: &mut Reader<'_>, early: &mut bool) -> Result<Self, Malformed> {
        let (tag, value) = reader.any()?;
        // Century, year, month, day, hour, minute and second, of which a UTCTime has no century. Both forms "MUST be
        // expressed in Greenwich Mean Time (Zulu) and MUST include seconds"; the second "MUST NOT include fractional
        // seconds".
        let mut fields = [0; 7];
        let written = match tag {
            UTC_TIME => fields.get_mut(1..).ok_or(Malformed)?,
            GENERALIZED_TIME => &mut fields,
            _ => return Err(Malformed),
        };
        let Some((b'Z', digits)) = value.split_last() else { return Err(Malformed) };
        let (pairs, []) = digits.as_chunks() else { return Err(Malformed) };
        if pairs.len() != written.len() {
            return Err(Malformed);
        }
        for (field, [tens, ones]) in written.iter_mut().zip(pairs) {
            *field = two_digits(*tens, *ones)?;
        }
        let [century, year, month, day, hour, minute, second] = fields;
        let century = match (tag, year) {
            (GENERALIZED_TIME, _) => century,
            // Section 4.1.2.5.1: "Where YY is greater than or equal to 50, the year SHALL be
            // interpreted as 19YY; and ... less than 50 ... as 20YY."
            (_, 50..) => 19,
            _ => 20,
        };
        let year = u16::from(century) * 100 + u16::from(year);
        *early |= tag == GENERALIZED_TIME && year < 2050;
        Self::from_civil(year, month, day, hour, minute, second).ok_or(Malformed)
    }
}

impl From<UnixTime> for Civil {
    fn from(UnixTime(seconds): UnixTime) -> Self {
        let days = seconds.div_euclid(SECONDS_A_DAY).saturating_add(EPOCH);
        let second = seconds.rem_euclid(SECONDS_A_DAY);
        // Years are counted from March, so that the leap day is the last of its year.
        let era = days.div_euclid(DAYS_AN_ERA);
        let day_of_era = days.rem_euclid(DAYS_AN_ERA);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = (*self).into();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

const fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Counts days from 1970-01-01, in 32 bits: small machines divide 64 bits slowly and in much code.
/// [`Civil`] is made by the reverse.
const fn days_since_epoch(year: i32, month: i32, day: i32) -> i32 {
    // One era more, so that nothing is negative.
    let year = if month <= 2 { year + 399 } else { year + 400 };
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era - 1) * 146_097 + day_of_era - 719_468
}

fn two_digits(tens: u8, ones: u8) -> Result<u8, Malformed> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() { Ok((tens - b'0') * 10 + (ones - b'0')) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn parse(tag: u8, text: &str) -> Result<i64, Malformed> {
        let mut der = std::vec![tag, u8::try_from(text.len()).unwrap()];
        der.extend_from_slice(text.as_bytes());
        UnixTime::parse(&mut Reader::new(&der), &mut false).map(|UnixTime(seconds)| seconds)
    }

    fn back(time: UnixTime) -> Option<UnixTime> {
        let Civil { year, month, day, hour, minute, second } = time.into();
        let small = |value| u8::try_from(value).unwrap();
        let year = u16::try_from(year).unwrap();
        UnixTime::from_civil(year, small(month), small(day), small(hour), small(minute), small(second))
    }

    #[test]
    fn dates_are_converted_both_ways() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_795_320_000, "2026-11-22T04:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-631_152_000, "1950-01-01T00:00:00Z"),
        ] {
            assert_eq!(UnixTime(seconds).to_string(), text);
            assert_eq!(back(UnixTime(seconds)), Some(UnixTime(seconds)));
        }
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        for day in 0..DAYS_AN_ERA {
            let time = UnixTime(day * SECONDS_A_DAY + 1);
            assert_eq!(back(time), Some(time));
        }
    }

    #[test]
    fn the_end_of_time_can_be_written() {
        assert!(!UnixTime(i64::MAX).to_string().is_empty());
        assert!(!UnixTime(i64::MIN).to_string().is_empty());
    }

    #[test]
    fn an_invalid_date_is_rejected() {
        assert!(UnixTime::from_civil(2023, 2, 29, 0, 0, 0).is_none());
        assert!(UnixTime::from_civil(2100, 2, 29, 0, 0, 0).is_none());
        assert!(UnixTime::from_civil(2024, 2, 29, 0, 0, 0).is_some());
        assert!(UnixTime::from_civil(2024, 13, 1, 0, 0, 0).is_none());
        assert!(UnixTime::from_civil(2024, 0, 1, 0, 0, 0).is_none());
        assert!(UnixTime::from_civil(2024, 4, 31, 0, 0, 0).is_none());
        assert!(UnixTime::from_civil(2024, 1, 1, 24, 0, 0).is_none());
        assert!(UnixTime::from_civil(2024, 1, 1, 23, 59, 60).is_none());
    }

    #[test]
    fn utc_time_ends_with_2049_and_generalized_time_begins_with_2050() {
        assert_eq!(parse(UTC_TIME, "261122040000Z"), Ok(1_795_320_000));
        assert_eq!(parse(UTC_TIME, "500101000000Z"), Ok(-631_152_000));
        assert_eq!(parse(UTC_TIME, "491231235959Z"), Ok(2_524_607_999));
        assert_eq!(parse(GENERALIZED_TIME, "20500101000000Z"), Ok(2_524_608_000));
        for (text, wanted) in [(b"20500101000000Z", false), (b"20491231235959Z", true)] {
            let der = [&[GENERALIZED_TIME, 15][..], text].concat();
            let mut early = false;
            assert!(UnixTime::parse(&mut Reader::new(&der), &mut early).is_ok());
            assert_eq!(early, wanted);
        }
    }

    #[test]
    fn zone_and_seconds_are_those_of_the_profile() {
        for text in ["2611220400Z", "261122040000", "261122040000+0000", "26112204000aZ", "261122040000z"] {
            assert_eq!(parse(UTC_TIME, text), Err(Malformed), "{text}");
        }
        assert_eq!(parse(GENERALIZED_TIME, "20500101000000.5Z"), Err(Malformed));
    }

    #[test]
    fn validity_includes_both_ends() {
        let check = |time: Time| time.check(UnixTime(10), UnixTime(20));
        assert_eq!(check(Time::Trusted(UnixTime(9))), Err(CertificateProblem::NotYetValid));
        assert_eq!(check(Time::Trusted(UnixTime(10))), Ok(ValidityCheck::Complete));
        assert_eq!(check(Time::Trusted(UnixTime(20))), Ok(ValidityCheck::Complete));
        assert_eq!(check(Time::Trusted(UnixTime(21))), Err(CertificateProblem::Expired));
        assert_eq!(check(Time::AtLeast(UnixTime(9))), Ok(ValidityCheck::NotYetValid));
        assert_eq!(check(Time::AtLeast(UnixTime(21))), Err(CertificateProblem::Expired));
        assert_eq!(check(Time::dangerous_unknown()), Ok(ValidityCheck::Unchecked));
    }
}
