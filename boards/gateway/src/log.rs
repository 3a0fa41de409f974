//! Log macros over `defmt`, or nothing. The crates that log include this file and name the levels that they use.

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
