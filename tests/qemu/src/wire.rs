//! A wire between two machines that loses frames and lets others overtake, the same ones for the same seed.
