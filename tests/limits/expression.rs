//! The arithmetic of `src/limits.rs` and of the formulas in `docs/limits.md`.

/// Evaluates sums, differences, products, quotients, shifts and `max(a, b)` of whole numbers; `value` knows the names. `None`
/// if it is no such expression.
pub(crate) fn evaluate(text: &str, value: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
    let text = text.replace("<<", " << ");
    let spaced =
        ['(', ')', '+', '-', '*', '/', ','].iter().fold(text, |text, sign| text.replace(*sign, &format!(" {sign} ")));
    let mut words = spaced.split_whitespace().peekable();
    let result = shifted(&mut words, value)?;
    words.next().is_none().then_some(result)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn shifted(words: &mut Words<'_>, value: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
    let left = sum(words, value)?;
    if words.next_if_eq(&"<<").is_some() { Some(left << sum(words, value)?) } else { Some(left) }
}

fn sum(words: &mut Words<'_>, value: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
    let mut left = product(words, value)?;
    while let Some(sign) = words.next_if(|word| ["+", "-"].contains(word)) {
        let right = product(words, value)?;
        left = if sign == "+" { left + right } else { left - right };
    }
    Some(left)
}

fn product(words: &mut Words<'_>, value: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
    let mut left = factor(words, value)?;
    while let Some(sign) = words.next_if(|word| ["*", "/"].contains(word)) {
        let right = factor(words, value)?;
        left = if sign == "*" { left * right } else { left / right };
    }
    Some(left)
}

fn factor(words: &mut Words<'_>, value: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
    let word = words.next()?;
    if word == "max" && words.peek() == Some(&"(") {
        words.next();
        let mut largest = shifted(words, value)?;
        while words.next_if_eq(&",").is_some() {
            largest = largest.max(shifted(words, value)?);
        }
        return words.next_if_eq(&")").map(|_| largest);
    }
    if word == "(" {
        let inner = shifted(words, value)?;
        return words.next_if_eq(&")").map(|_| inner);
    }
    let digits = word.replace('_', "");
    let number = match digits.strip_prefix("0x") {
        Some(digits) => usize::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    number.ok().or_else(|| value(word))
}

#[test]
fn expressions_have_the_usual_precedence() {
    let value = |name: &str| (name == "n").then_some(7);
    for (text, expected) in [
        ("2 * n + 41", Some(55)),
        ("max(160, n + 35)", Some(160)),
        ("1 << 14", Some(16_384)),
        ("(1 << 14) + 1", Some(16_385)),
        ("2 + (2 + 65_534) / 2 - 1", Some(32_769)),
        ("0xfe_00", Some(0xfe00)),
        ("2 * m", None),
        ("2 +", None),
        ("2 2", None),
    ] {
        assert_eq!(evaluate(text, &value), expected, "{text}");
    }
}
