//! cXML 1.2: the order that is sent, and the answer to it.

mod order;
mod request;
mod response;
mod text;

pub use self::order::{Line, Order, Party, Stamp};
pub use self::request::payload_id;
pub use self::response::{Unreadable, response, status};
