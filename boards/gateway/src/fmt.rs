//! Values that are logged by their `Display`.

/// Logs a value that has only a `Display`.
pub(crate) struct Shown<T>(pub(crate) T);

#[cfg(feature = "defmt")]
impl<T: core::fmt::Display> defmt::Format for Shown<T> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::Display2Format(&self.0).format(f);
    }
}
