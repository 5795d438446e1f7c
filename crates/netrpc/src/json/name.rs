//! Names of members, which Go compares without regard to case.

/// Whether a member of this name is meant for a field of that one.
pub(super) fn is_name_of(field: &str, name: &str) -> bool {
    field == name || field.eq_ignore_ascii_case(name) || !name.is_ascii() && folded(name).eq(folded(field))
}

/// Letters in one case. Two that are not ASCII are the same as two that are: the long s, and the sign of Kelvin.
fn folded(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().flat_map(|char| match char {
        'ſ' => 's'.to_lowercase(),
        char => char.to_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Go 1.26.
    #[test]
    fn names_are_compared_as_go_compares_them() {
        for (field, name, is_it) in [
            ("params", "PARAMS", true),
            ("params", "paramſ", true),
            ("Kind", "\u{212A}ind", true),
            ("Größe", "GRÖßE", true),
            ("A", "B", false),
            ("A", "AA", false),
            ("A", "Ä", false),
            ("A", "", false),
        ] {
            assert_eq!(is_name_of(field, name), is_it, "{name}");
        }
    }
}
