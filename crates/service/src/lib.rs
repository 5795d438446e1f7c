//! The methods of the notes, and the one list that registers them.
