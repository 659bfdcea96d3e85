//! Readers of JSON for where the usual one will not do. What is judged is read strictly, and so that nothing is hidden; what must be found in an answer,
//! above all the id of something to remove, is read whatever it stands in.

mod careful;
mod grammar;
mod lenient;
mod pointer;

pub(crate) use careful::careful;
pub(crate) use grammar::recognize;
pub(crate) use lenient::{salvaged, value_of};
pub(crate) use pointer::{each_item, raw_at};
