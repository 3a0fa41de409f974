//! A symbol for each public type, as long as a value of the type: its size can be read without running it.

/// `"what it is called" = Type`: makes `static` arrays whose symbols begin with `size_of `.
macro_rules! table {
    ($($name:literal = $type:ty),* $(,)?) => { $(
        const _: () = {
            // SAFETY: no other symbol has a space in its name.
            #[used]
            #[unsafe(export_name = concat!("size_of ", $name))]
            static SIZE: [u8; size_of::<$type>()] = [0; size_of::<$type>()];
        };
    )* };
}

table! {
    "Error" = embedded_mtls::Error,
}
