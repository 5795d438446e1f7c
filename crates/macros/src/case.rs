//! The cases that names can be put into, called as serde calls them.

use syn::{Error, LitStr, Result};

/// How the words of a method's name are put together for callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// `get_user` as `getUser`.
    Camel,
    /// `get_user` as `GetUser`.
    Pascal,
}

impl Case {
    pub(crate) fn read(name: &LitStr) -> Result<Self> {
        match &*name.value() {
            "camelCase" => Ok(Self::Camel),
            "PascalCase" => Ok(Self::Pascal),
            _ => Err(Error::new_spanned(name, "methods can be renamed to camelCase or PascalCase")),
        }
    }

    /// A name in snake case in this one.
    pub(crate) fn apply(self, snake: &str) -> String {
        let words = snake.split('_').filter(|word| !word.is_empty());
        let put = |(place, word): (usize, &str)| {
            if place == 0 && self == Self::Camel { word.to_owned() } else { capitalized(word) }
        };
        words.enumerate().map(put).collect()
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_together() {
        for (snake, camel, pascal) in
            [("get_user", "getUser", "GetUser"), ("ping", "ping", "Ping"), ("_a__b2", "aB2", "AB2")]
        {
            assert_eq!((Case::Camel.apply(snake), Case::Pascal.apply(snake)), (camel.into(), pascal.into()));
        }
    }
}
