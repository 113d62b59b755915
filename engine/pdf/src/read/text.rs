//! Why: text in a PDF's dictionaries has its own encodings, and dates their own form.

/// Decodes a text string: UTF-16 or UTF-8 with its mark, else as Latin-1, which PDFDocEncoding is for all but rare signs.
pub(crate) fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> =
                rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        plain => plain.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Encodes a text string: ASCII as it is, everything else as UTF-16 with its mark.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    let mut bytes = vec![0xfe, 0xff];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    bytes
}

/// Days since 1970-01-01 to year, month, day (proleptic Gregorian).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A PDF date in Beijing time, which the platform's users live in.
pub(crate) fn date(at_ms: i64) -> String {
    let seconds = at_ms.div_euclid(1000) + 8 * 3600;
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("D:{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}+08'00'")
}

/// Reads a PDF date or an ASN.1 GeneralizedTime, to milliseconds since 1970 UTC.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let text = text.strip_prefix("D:").unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (stamp, zone) = text.split_at_checked(digits)?;
    let part = |from: usize, to: usize, default: i64| match stamp.get(from..to) {
        Some(part) => part.parse().ok(),
        None if stamp.len() <= from => Some(default),
        None => None,
    };
    let (year, month, day) = (part(0, 4, 0)?, part(4, 6, 1)?, part(6, 8, 1)?);
    let (hour, minute, second) = (part(8, 10, 0)?, part(10, 12, 0)?, part(12, 14, 0)?);
    let plausible =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if stamp.len() < 4 || !plausible {
        return None;
    }
    let (fraction_ms, zone) = fraction(zone);
    let at_s = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone_s(zone)?;
    Some(at_s * 1000 + fraction_ms)
}

fn fraction(zone: &str) -> (i64, &str) {
    let Some(rest) = zone.strip_prefix('.') else { return (0, zone) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, rest) = rest.split_at(digits);
    let ms = format!("{fraction:0<3}").get(..3).and_then(|ms| ms.parse().ok()).unwrap_or(0);
    (ms, rest)
}

fn zone_s(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z') => return Some(0),
        Some('+') => 1,
        Some('-') => -1,
        Some(_) => return None,
    };
    let mut numbers = zone.get(1..)?.split('\'').filter(|part| !part.is_empty()).map(str::parse::<i64>);
    let hours = numbers.next()?.ok()?;
    let minutes = numbers.next().transpose().ok()?.unwrap_or(0);
    Some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_out_and_come_back() {
        // 2024-02-29 23:59:59 UTC is the first of March in Beijing.
        assert_eq!(date(1_709_251_199_000), "D:20240301075959+08'00'");
        for at_ms in [0, 1_709_251_199_000, 951_782_400_000, 4_102_444_800_000, -86_400_000] {
            assert_eq!(parse_date(&date(at_ms)), Some(at_ms));
        }
        assert_eq!(parse_date("20240229235959Z"), Some(1_709_251_199_000));
        assert_eq!(parse_date("20240229235959.25Z"), Some(1_709_251_199_250));
        assert_eq!(parse_date("D:2024"), Some(1_704_067_200_000));
        for wrong in ["", "D:", "yesterday", "D:20241301", "D:20240101250000", "D:20240101000000?"] {
            assert_eq!(parse_date(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn text_goes_out_and_comes_back() {
        for text in ["", "plain", "示例采购有限公司", "𠮷㐂䶮"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(decode(b"\xef\xbb\xbf\xe7\xa4\xba"), "示");
        assert_eq!(decode(b"caf\xe9"), "café");
    }
}
