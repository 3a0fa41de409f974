//! Log macros over `defmt`, or nothing.

macro_rules! log_macros {
    ($d:tt $($level:ident)*) => {$(
        macro_rules! $level {
            ($s:literal $d(, $x:expr)* $d(,)?) => {{
                #[cfg(feature = "defmt")]
                ::defmt::$level!($s $d(, $x)*);
                #[cfg(not(feature = "defmt"))]
                let _ = ($d(&$x),*);
            }};
        }
    )*};
}

log_macros!($ debug info warn error);

/// Logs what has a `Display` and nothing better.
pub(crate) struct Shown<T>(pub(crate) T);

#[cfg(feature = "defmt")]
impl<T: core::fmt::Display> defmt::Format for Shown<T> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::Display2Format(&self.0).format(f);
    }
}
