//! The methods as one wire tells of them.

use std::fmt;

use super::TypeNames;
use crate::{Kind, Method, Methods};

/// The methods that a wire carries, and its own.
#[derive(Clone, Copy)]
pub struct View<'m> {
    methods: &'m Methods,
    carries: fn(Kind) -> bool,
    own: &'static [Own],
}

/// A method that a wire answers itself, and that is in no registry.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// The types of its answer and of its parameters, in the wire's words.
    pub signature: &'static [&'static str],
}

/// A method of which a wire tells.
#[derive(Clone, Copy)]
pub enum Told<'m> {
    /// One of the wire's own.
    Own(&'static Own),
    /// A registered one.
    Method(&'m Method),
}

/// Why a wire does not tell of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untold<'n> {
    name: &'n str,
    /// What it is, where it is there and the wire cannot carry it.
    kind: Option<Kind>,
}

impl<'m> View<'m> {
    /// The methods of a wire that carries these kinds, and answers some methods itself.
    pub fn new(methods: &'m Methods, carries: fn(Kind) -> bool, own: &'static [Own]) -> Self {
        Self { methods, carries, own }
    }

    /// The registered methods that the wire carries, in the order of registration.
    pub fn carried(self) -> impl Iterator<Item = &'m Method> {
        self.methods.iter().filter(move |method| (self.carries)(method.kind()))
    }

    /// The names of all methods that can be called, sorted.
    pub fn names(self) -> Vec<&'m str> {
        let own = self.own.iter().map(|own| own.name);
        let mut names: Vec<_> = self.carried().map(Method::name).chain(own).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The method of this name. A registered one hides the wire's own.
    pub fn find<'n>(self, name: &'n str) -> Result<Told<'m>, Untold<'n>> {
        match self.methods.get(name) {
            Some(method) if (self.carries)(method.kind()) => Ok(Told::Method(method)),
            Some(method) => Err(Untold { name, kind: Some(method.kind()) }),
            None => match self.own.iter().find(|own| own.name == name) {
                Some(own) => Ok(Told::Own(own)),
                None => Err(Untold { name, kind: None }),
            },
        }
    }
}

impl<'m> Told<'m> {
    /// What the method does.
    pub fn doc(self) -> &'m str {
        match self {
            Told::Own(own) => own.doc,
            Told::Method(method) => method.doc(),
        }
    }

    /// How one would write it down.
    pub fn signature(self) -> String {
        match self {
            Told::Own(Own { name, signature, .. }) => match signature.split_first() {
                Some((returns, takes)) => format!("{name}({}) -> {returns}", takes.join(", ")),
                None => format!("{name}()"),
            },
            Told::Method(method) => method.signature(),
        }
    }

    /// The types of its answer and its parameters: a list for each way to read its numbers.
    pub fn signatures(self, names: &TypeNames) -> Vec<Vec<&'static str>> {
        match self {
            Told::Own(own) => vec![own.signature.to_vec()],
            Told::Method(method) => names.signatures(method),
        }
    }
}

impl Untold<'_> {
    /// Whether there is such a method, on other wires.
    pub fn is_elsewhere(&self) -> bool {
        self.kind.is_some()
    }
}

impl fmt::Display for Untold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{} {}", self.name, kind.elsewhere()),
            None => write!(f, "no method {}; system.listMethods lists all that there are", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::Empty;

    #[test]
    fn a_wire_lists_what_it_carries_and_says_who_carries_the_rest() {
        let mut methods = Methods::new();
        methods.add("b", "One.", |n: i64| async move { Ok(n) });
        methods.add_stream("a", "Many.", |_: Empty| stream::iter([Ok(1_i64)]));
        const OWN: &[Own] = &[Own { name: "system.a", doc: "Own.", signature: &["int"] }];
        let view = View::new(&methods, |kind| kind == Kind::Unary, OWN);
        assert_eq!(view.names(), ["b", "system.a"]);
        assert_eq!(view.find("b").map(Told::doc), Ok("One."));
        assert_eq!(view.find("system.a").map(Told::doc), Ok("Own."));
        let elsewhere = view.find("a").err().unwrap();
        assert!(elsewhere.is_elsewhere());
        assert!(
            elsewhere.to_string().starts_with("a answers with a stream; call it by zerorpc"),
            "{elsewhere}"
        );
        let unknown = view.find("c").err().unwrap();
        assert!(!unknown.is_elsewhere());
        assert_eq!(unknown.to_string(), "no method c; system.listMethods lists all that there are");
    }
}
