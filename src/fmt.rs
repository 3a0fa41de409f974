//! Log macros over `defmt`, `log` or nothing. Arguments are type-checked in each case.
//! Secrets and plaintext are never logged.

#[cfg(all(feature = "defmt", feature = "log"))]
compile_error!("the features `defmt` and `log` exclude each other");

macro_rules! debug {
    ($s:literal $(, $x:expr)* $(,)?) => {{
        #[cfg(feature = "defmt")]
        ::defmt::debug!($s $(, $x)*);
        #[cfg(feature = "log")]
        ::log::debug!($s $(, $x)*);
        #[cfg(not(any(feature = "defmt", feature = "log")))]
        let _ = ($(&$x),*);
    }};
}

/// Implements `Debug` by the name of the type alone: its content is secret or of no use to a reader.
macro_rules! debug_by_name {
    ($name:literal, [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> ::core::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct($name).finish_non_exhaustive()
            }
        }
    };
}
