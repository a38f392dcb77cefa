//! The lessons as one text.
