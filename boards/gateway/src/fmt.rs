//! Values that are logged by their `Display`.

/// Logs a value that has only a `Display`.
pub struct Shown<T>(pub T);

#[cfg(feature = "defmt")]
impl<T: core::fmt::Display> defmt::Format for Shown<T> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::Display2Format(&self.0).format(f);
    }
}
