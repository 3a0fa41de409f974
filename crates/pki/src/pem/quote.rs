//! Quotes values from files in messages about those files.

use embedded_mtls::Escaped;

/// The maximum number of characters that are quoted.
const MOST: usize = 80;
/// This many letters and digits in a row are more likely a key or a password than a name.
const SECRET: usize = 24;

/// Quotes a value that should be short and public, such as a name or a switch. A wrong file may contain a key, an order
/// or anything else, so possible secrets are described instead.
pub fn quoted(text: &str) -> String {
    let count = text.chars().count();
    let is_long_run = |run: &str| run.len() >= SECRET;
    let mut runs = text.split(|character: char| !(character.is_ascii_alphanumeric() || "+/=".contains(character)));
    if count > MOST || text.contains("-----") || runs.any(is_long_run) {
        return format!("{count} characters, not quoted");
    }
    format!("'{}'", Escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_and_a_possible_secret_is_only_described() {
        for name in ["", "gateway-2026", "../etc/passwd", "supplier-orders-2026.plant.example", "Trve"] {
            assert_eq!(quoted(name), format!("'{name}'"));
        }
        assert_eq!(quoted("a\nb\u{202e}"), "'a\\0Ab\\E2\\80\\AE'");
        for (secret, count) in [("MHcCAQEEIKjUVRbFg9X02/pAJ", 25), ("-----BEGIN", 10), (&"a b ".repeat(21), 84)] {
            assert_eq!(quoted(secret), format!("{count} characters, not quoted"));
        }
    }
}
