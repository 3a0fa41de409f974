//! The client's side: reading the response to a posted order.
//!
//! Reads a line at a time and keeps only relevant fields, since a head may be larger than the memory. The status line
//! is the answer; problems after it are flaws of the answer, not errors.

use super::HttpError;
use embedded_io_async::Read;
use embedded_mtls::x509::UnixTime;

/// The maximum number of interim responses before the final one.
const MAX_INTERIM: u8 = 16;
/// Bytes of a line that are examined. The relevant fields are shorter.
const LINE: usize = 160;
/// Bytes that are received at once.
const CHUNK: usize = 256;

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response<'m> {
    pub(crate) status: u16,
    /// The delay in seconds that the server asks for; for a date, relative to its own date or to `now`.
    pub(crate) wait: Option<u32>,
    /// True if it declares its body as HTML.
    pub(crate) is_html: bool,
    /// The version of a blob that the server has for the device.
    pub(crate) blob: Option<u64>,
    /// The body of a successful response, as far as it fits.
    pub(crate) body: &'m mut [u8],
    pub(crate) flaw: Option<Flaw>,
}

/// The reason why the rest of a response was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The connection ended before the response.
    Cut,
    /// It violates RFC 9112, or has a coding that was not requested.
    Unreadable,
}

/// The framing of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// The facts of the head.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    length: Option<usize>,
    /// True if there is a transfer coding, which has to be `chunked`.
    is_chunked: bool,
    retry_after: Option<After>,
    date: Option<UnixTime>,
    is_html: bool,
    blob: Option<u64>,
    flaw: Option<Flaw>,
}

/// The requested delay (RFC 9110 section 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Seconds(u32),
    Date(UnixTime),
}

/// Reads a response. `now` is the time, if it is known.
pub(crate) async fn read<'m, S: Read>(
    stream: &mut S,
    memory: &'m mut [u8],
    now: Option<UnixTime>,
) -> Result<Response<'m>, HttpError<S::Error>> {
    let mut input = Input { stream, chunk: [0; CHUNK], start: 0, end: 0 };
    let mut head = input.head().await?;
    let mut filled = 0;
    // The body of a refusal is for people, so a device ignores it.
    if head.flaw.is_none() && (200..300).contains(&head.status) {
        let mut out = Out { memory, filled: 0 };
        head.flaw = input.body(head.framing(), &mut out).await.err();
        filled = out.filled;
    }
    let body = memory.get_mut(..filled).unwrap_or_default();
    let Head { status, is_html, blob, flaw, .. } = head;
    Ok(Response { status, wait: head.wait(now), is_html, blob, body, flaw })
}

impl Head {
    /// Examines a field line. RFC 9112 section 6.3: with contradictory lengths the end of the body is unknown.
    fn field(&mut self, line: &[u8]) {
        // A line without a colon is not a field, and is ignored.
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = line.split_at(colon);
        let Ok(value) = core::str::from_utf8(value.get(1..).unwrap_or_default()) else { return };
        let (name, value) = (name.trim_ascii(), value.trim());
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        if is("content-length") {
            for length in value.split(',').map(str::trim) {
                let length = Some(length).filter(|length| length.bytes().all(|byte| byte.is_ascii_digit()));
                match length.and_then(|length| length.parse().ok()) {
                    Some(length) if self.length.is_none_or(|before| before == length) => self.length = Some(length),
                    _ => self.flaw = Some(Flaw::Unreadable),
                }
            }
        } else if is("transfer-encoding") {
            if self.is_chunked || !value.eq_ignore_ascii_case("chunked") {
                self.flaw = Some(Flaw::Unreadable);
            }
            self.is_chunked = true;
        } else if is("content-encoding") {
            if !value.is_empty() && !value.eq_ignore_ascii_case("identity") {
                self.flaw = Some(Flaw::Unreadable);
            }
        } else if is("content-type") {
            let essence = value.split(';').next().unwrap_or_default().trim();
            self.is_html = essence.eq_ignore_ascii_case("text/html");
        } else if is("retry-after") {
            self.retry_after = value.parse().map(After::Seconds).ok().or_else(|| date(value).map(After::Date));
        } else if is("mtls-blob") {
            self.blob = value.parse().ok();
        } else if is("date") {
            self.date = date(value);
        }
    }

    /// Returns the framing (RFC 9112 section 6.3): Transfer-Encoding overrides Content-Length.
    fn framing(&self) -> Framing {
        match (self.status, self.is_chunked, self.length) {
            (204 | 304, ..) => Framing::Length(0),
            (_, true, _) => Framing::Chunked,
            (_, false, Some(length)) => Framing::Length(length),
            (_, false, None) => Framing::UntilClose,
        }
    }

    /// Returns the delay in seconds; for a date, according to the server's own clock if the response has its date.
    fn wait(&self, now: Option<UnixTime>) -> Option<u32> {
        match self.retry_after? {
            After::Seconds(seconds) => Some(seconds),
            After::Date(date) => {
                let left = date.0.saturating_sub(self.date.or(now)?.0);
                Some(u32::try_from(left.max(0)).unwrap_or(u32::MAX))
            }
        }
    }
}

/// Parses a date in one of the three forms of RFC 9110 section 5.6.7, all in UTC.
fn date(text: &str) -> Option<UnixTime> {
    let mut words = text.split([' ', ',', '-', ':']).filter(|word| !word.is_empty()).skip(1);
    let first = words.next()?;
    let month = |name: &str| {
        const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let place = MONTHS.match_indices(name).find(|(place, _)| name.len() == 3 && place.is_multiple_of(3))?.0;
        u8::try_from(place / 3 + 1).ok()
    };
    // Sun Nov  6 08:49:37 1994, or Sun, 06 Nov 1994 08:49:37 GMT, or Sunday, 06-Nov-94 08:49:37 GMT.
    let is_asctime = !first.starts_with(|character: char| character.is_ascii_digit());
    let second = words.next()?;
    let (day, month) = if is_asctime { (second, month(first)?) } else { (first, month(second)?) };
    let year_before = if is_asctime { None } else { words.next() };
    let [hour, minute, seconds] = [words.next()?, words.next()?, words.next()?];
    let year = match year_before {
        Some(year) => year,
        None => words.next()?,
    };
    let number = |word: &str| word.parse::<u8>().ok();
    let year = match year.len() {
        2 => 2000 + u16::from(number(year)?),
        _ => year.parse().ok()?,
    };
    UnixTime::from_civil(year, month, number(day)?, number(hour)?, number(minute)?, number(seconds)?)
}

/// The bytes received, one at a time.
struct Input<'s, S> {
    stream: &'s mut S,
    chunk: [u8; CHUNK],
    start: usize,
    end: usize,
}

impl<S: Read> Input<'_, S> {
    /// Reads the head of the final response.
    async fn head(&mut self) -> Result<Head, HttpError<S::Error>> {
        let mut memory = [0; LINE];
        // RFC 9110 section 15.2: a client must be able to parse one or more 1xx responses before the final one.
        for _ in 0..=MAX_INTERIM {
            let status = status(self.line(&mut memory, false).await?).ok_or(HttpError::Unreadable)?;
            // Section 7.8: only a client can request another protocol, and this one does not.
            if status == 101 {
                return Err(HttpError::Unreadable);
            }
            let mut head = Head { status, ..Head::default() };
            loop {
                match self.line(&mut memory, true).await {
                    Ok([]) => break,
                    Ok(line) => head.field(line),
                    Err(_) if status >= 200 => {
                        head.flaw = Some(Flaw::Cut);
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            if !(100..200).contains(&status) {
                return Ok(head);
            }
        }
        Err(HttpError::Unreadable)
    }

    /// Reads a body; the part that does not fit is received too, to find the end.
    async fn body(&mut self, framing: Framing, out: &mut Out<'_>) -> Result<(), Flaw> {
        match framing {
            Framing::Length(length) => self.copy(length, out).await,
            Framing::UntilClose => {
                while let Some(byte) = self.next().await.map_err(|_| Flaw::Cut)? {
                    out.push(byte);
                }
                Ok(())
            }
            Framing::Chunked => loop {
                let mut memory = [0; LINE];
                let size = size(self.line(&mut memory, false).await.map_err(|_| Flaw::Cut)?).ok_or(Flaw::Unreadable)?;
                // The last chunk: trailers follow.
                if size == 0 {
                    return Ok(());
                }
                self.copy(size, out).await?;
                if !self.line(&mut memory, false).await.map_err(|_| Flaw::Cut)?.is_empty() {
                    return Err(Flaw::Unreadable);
                }
            },
        }
    }

    async fn copy(&mut self, count: usize, out: &mut Out<'_>) -> Result<(), Flaw> {
        for _ in 0..count {
            out.push(self.next().await.ok().flatten().ok_or(Flaw::Cut)?);
        }
        Ok(())
    }

    /// Reads a line without its end, and drops what does not fit. Folded field lines are joined (RFC 9112 section 5.2),
    /// without reading past an empty line.
    async fn line<'l>(&mut self, memory: &'l mut [u8; LINE], folds: bool) -> Result<&'l [u8], HttpError<S::Error>> {
        let mut line = Out { memory, filled: 0 };
        loop {
            match self.next().await.map_err(HttpError::Stream)?.ok_or(HttpError::Ended)? {
                b'\n' if folds && line.filled > 0 => {
                    if !matches!(self.peek().await.map_err(HttpError::Stream)?, Some(b' ' | b'\t')) {
                        break;
                    }
                }
                b'\n' => break,
                b'\r' => {}
                byte => line.push(byte),
            }
        }
        let filled = line.filled;
        Ok(memory.get(..filled).unwrap_or_default())
    }

    async fn next(&mut self) -> Result<Option<u8>, S::Error> {
        let byte = self.peek().await?;
        self.start += usize::from(byte.is_some());
        Ok(byte)
    }

    async fn peek(&mut self) -> Result<Option<u8>, S::Error> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.end = self.stream.read(&mut self.chunk).await?;
        }
        Ok(self.chunk.get(self.start..self.end).and_then(|rest| rest.first().copied()))
    }
}

/// Memory that is filled up to its end.
struct Out<'m> {
    memory: &'m mut [u8],
    filled: usize,
}

impl Out<'_> {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.memory.get_mut(self.filled) {
            *place = byte;
            self.filled += 1;
        }
    }
}

/// Parses the code of a status line (RFC 9112 section 4).
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let rest = rest.strip_prefix(b"0 ").or(rest.strip_prefix(b"1 "))?.trim_ascii_start();
    let (code, reason) = rest.split_at_checked(3)?;
    let is_code = code.iter().all(u8::is_ascii_digit) && matches!(reason.first(), None | Some(b' '));
    core::str::from_utf8(code).ok()?.parse().ok().filter(|_| is_code)
}

/// Parses the size of a chunk, without its extensions (RFC 9112 section 7.1).
fn size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    let is_number = digits.iter().all(u8::is_ascii_hexdigit);
    usize::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_three_forms() {
        let expected = UnixTime::from_civil(2026, 11, 6, 8, 49, 37);
        for text in ["Fri, 06 Nov 2026 08:49:37 GMT", "Friday, 06-Nov-26 08:49:37 GMT", "Fri Nov  6 08:49:37 2026"] {
            assert_eq!(date(text), expected, "{text}");
        }
        for text in
            ["", "soon", "Fri, 06 Nox 2026 08:49:37 GMT", "Fri, 06 anF 2026 08:49:37 GMT", "Fri, 06 Nov 2026 08:49"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_to_wait_for_counts_from_the_servers_own_date_else_from_ours() {
        let mut head = Head::default();
        head.field(b"Retry-After: Fri, 06 Nov 2026 08:50:07 GMT");
        assert_eq!(head.wait(None), None);
        assert_eq!(head.wait(UnixTime::from_civil(2026, 11, 6, 8, 50, 0)), Some(7));
        assert_eq!(head.wait(UnixTime::from_civil(2026, 11, 6, 9, 0, 0)), Some(0));
        head.field(b"date : Fri, 06 Nov 2026 08:49:37 GMT");
        assert_eq!(head.wait(UnixTime::from_civil(2020, 1, 1, 0, 0, 0)), Some(30));
        head.field(b"Retry-After: 120");
        assert_eq!(head.wait(None), Some(120));
        head.field(b"Retry-After: -1");
        assert_eq!(head.wait(None), None);
    }

    #[test]
    fn only_a_status_line_has_a_status() {
        for (line, expected) in [
            ("HTTP/1.1 200 OK", Some(200)),
            ("HTTP/1.0  204", Some(204)),
            ("HTTP/1.1 2000", None),
            ("HTTP/1.1 2x0 OK", None),
            ("HTTP/2 200", None),
            ("ICY 200 OK", None),
            ("", None),
        ] {
            assert_eq!(status(line.as_bytes()), expected, "{line}");
        }
    }
}
