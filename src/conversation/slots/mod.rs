//! What an action needs of the caller: heard, checked, corrected, read back.
//!
//! Pure functions and the [`Form`] that holds what is collected. What is said and when a human is needed is decided in `filling`;
//! what a number means to the business is the business's work.

mod check;
mod cities;
mod correct;
mod days;
mod form;
mod hear;
mod numbers;
mod read_back;

pub(super) use self::{
    check::Fault,
    correct::Corrected,
    form::{Form, Step, Taken},
    hear::{Ears, Reply},
    numbers::is_number,
};

#[cfg(test)]
mod tests;
