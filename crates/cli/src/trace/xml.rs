//! What a body of XML-RPC is, as far as its first tags tell.

use super::one_line;

/// As much of a text as a label has room for.
const LONGEST: usize = 60;

/// `XML-RPC call of add`, or nothing if it is neither call nor answer.
pub(super) fn label(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    if let Some(name) = between(&text, "<methodName>", "</methodName>") {
        return Some(format!("XML-RPC call of {}", one_line(name.trim(), LONGEST)));
    }
    if !text.contains("<methodResponse") {
        return None;
    }
    if !text.contains("<fault>") {
        return Some("XML-RPC answer".to_owned());
    }
    let said = text.split_once("faultString").and_then(|(_, rest)| between(rest, "<string>", "</string>"));
    Some(said.map_or_else(
        || "XML-RPC fault".to_owned(),
        |said| format!("XML-RPC fault: {}", one_line(said, LONGEST)),
    ))
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn calls_answers_and_faults() {
        let fault = b"<methodResponse><fault><value><struct><member><name>faultString</name>\
            <value><string>no</string></value></member></struct></value></fault></methodResponse>";
        for (body, expected) in [
            (&b"<methodCall><methodName> add </methodName></methodCall>"[..], Some("XML-RPC call of add")),
            (b"<methodResponse><params/></methodResponse>", Some("XML-RPC answer")),
            (fault, Some("XML-RPC fault: no")),
            (b"<methodResponse><fault>", Some("XML-RPC fault")),
            (b"<html>", None),
            (b"\xFF", None),
        ] {
            assert_eq!(label(body).as_deref(), expected);
        }
    }
}
