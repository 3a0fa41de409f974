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

log_macros!($ info warn error);
