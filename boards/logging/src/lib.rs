//! Log macros of the firmware: over `defmt` if the logging crate has a feature of this name, otherwise nothing.
#![no_std]
#![forbid(unsafe_code)]

/// Defines macros for levels. `$d` is a dollar sign, for the macros that are defined.
macro_rules! levels {
    ($d:tt $($level:ident)*) => {$(
        #[doc = concat!("Logs what is of the level `", stringify!($level), "`.")]
        #[macro_export]
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

levels!($ debug error info warn);
