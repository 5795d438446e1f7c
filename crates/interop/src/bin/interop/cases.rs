//! The cases: data in `cases/*.toml`, each a call and what must come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use toml::Value as Toml;

use crate::agree::{Precision, difference, short};
use crate::peers::{ClientPeer, Wire};
use crate::tagged::from_toml;

/// One call, and what must come of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) wires: Vec<Wire>,
    /// What the client is told, but for the number of the call.
    pub(crate) call: Json,
    expected: Expected,
    /// Servers that answer, and clients that fail, in words of their own.
    on: BTreeMap<String, Expected>,
    /// The clients that it is about, where it is not about all of them.
    clients: Option<Vec<String>>,
    /// The servers that it is about, where it is not about all of them.
    servers: Option<Vec<String>>,
    /// Whether the answer, or each item, is alone in a message of gRPC.
    is_lone: bool,
    /// Clients and servers that it is not about, and why.
    except: BTreeMap<String, String>,
    known: Vec<Known>,
}

/// A failure that is known and whose cause is not ours to mend.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    client: Option<String>,
    server: Option<String>,
    reason: String,
}

/// What must come of a call.
#[derive(Debug, Clone)]
enum Expected {
    Value(Json),
    Items(Vec<Json>),
    /// However it is cut into items, this is what one field of them makes when joined.
    Joined {
        field: String,
        whole: Json,
    },
    Error(ExpectedError),
}

/// What of an error is looked at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedError {
    text: Option<String>,
    contains: Option<String>,
    code: Option<i64>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    wires: Vec<Wire>,
    /// The servers that its cases are about; all where it says nothing.
    servers: Option<Vec<String>>,
    case: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    wires: Option<Vec<Wire>>,
    clients: Option<Vec<String>>,
    method: String,
    arguments: Option<Vec<Toml>>,
    named: Option<Toml>,
    requests: Option<Toml>,
    take: Option<u64>,
    /// Whether the method answers with a stream; a case that expects items need not say so.
    #[serde(default)]
    stream: bool,
    metadata: Option<Toml>,
    deadline_ms: Option<u64>,
    /// The first argument comes back.
    #[serde(default)]
    echoes: bool,
    /// What comes is alone in its message: the field `value`.
    #[serde(default)]
    lone: bool,
    value: Option<Toml>,
    items: Option<Toml>,
    joined: Option<RawJoined>,
    error: Option<ExpectedError>,
    #[serde(default)]
    on: BTreeMap<String, RawExpected>,
    #[serde(default)]
    except: BTreeMap<String, String>,
    #[serde(default)]
    known: Vec<Known>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJoined {
    field: String,
    whole: Toml,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    value: Option<Toml>,
    error: Option<ExpectedError>,
}

impl Case {
    /// Whether it is tried on this wire of this server.
    pub(crate) fn is_about(&self, wire: Wire, server: &str) -> bool {
        let is_served =
            self.servers.as_ref().is_none_or(|servers| servers.iter().any(|about| about == server));
        is_served && self.wires.contains(&wire)
    }

    /// Why the case is not tried between these two, if it is not about them.
    pub(crate) fn exception(&self, client: &str, server: &str) -> Option<&str> {
        if self.clients.as_ref().is_some_and(|clients| !clients.iter().any(|about| about == client)) {
            return Some("it is about other clients");
        }
        let pair = format!("{client}/{server}");
        [client, server, &pair].into_iter().find_map(|name| self.except.get(name)).map(String::as_str)
    }

    /// Why the case is known to fail between these two, if it is.
    pub(crate) fn known_failure(&self, client: &str, server: &str) -> Option<&str> {
        let is = |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        let known = self.known.iter().find(|known| is(&known.client, client) && is(&known.server, server));
        known.map(|known| known.reason.as_str())
    }

    /// Every peer that the case names, so that a misspelt one is found.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &str> {
        let known = self.known.iter().flat_map(|known| [&known.client, &known.server]).flatten();
        let clients = self.clients.iter().chain(&self.servers).flatten();
        self.on.keys().chain(self.except.keys()).chain(known).chain(clients).flat_map(|name| name.split('/'))
    }

    /// How an answer departs from what it should have been between these two; none where it does not.
    pub(crate) fn verdict(
        &self,
        (client, server): (&ClientPeer, &str),
        answer: &Json,
        precision: Precision,
    ) -> Option<String> {
        let expected = self.on.get(&client.name).or_else(|| self.on.get(server)).unwrap_or(&self.expected);
        let expected = if self.is_lone && !client.bare { &expected.in_messages() } else { expected };
        match (expected, answer.get("value"), answer.get("items"), answer.get("error")) {
            (Expected::Value(value), Some(got), None, None) => difference(value, got, precision),
            (Expected::Items(items), None, Some(got), None) => {
                difference(&Json::Array(items.clone()), got, precision)
            }
            (Expected::Joined { field, whole }, None, Some(got), None) => {
                difference(whole, &join(field, got, precision), precision)
            }
            (Expected::Error(error), None, None, Some(got)) => error.difference(got, precision),
            (expected, ..) => Some(format!("expected {}, got {}", expected.told(), short(answer))),
        }
    }
}

impl Expected {
    /// The same where a client shows the message around a value.
    fn in_messages(&self) -> Self {
        let around = |value: &Json| json!({ "value": value });
        match self {
            Expected::Value(value) => Expected::Value(around(value)),
            Expected::Items(items) => Expected::Items(items.iter().map(around).collect()),
            other => other.clone(),
        }
    }

    fn told(&self) -> String {
        match self {
            Expected::Value(value) => short(value),
            Expected::Items(items) => format!("a stream of {}", items.len()),
            Expected::Joined { field, .. } => format!("a stream of {field}"),
            Expected::Error(error) => error.told(),
        }
    }
}

impl ExpectedError {
    fn told(&self) -> String {
        let parts = [
            self.text.as_ref().map(|text| format!("the text {text:?}")),
            self.contains.as_ref().map(|part| format!("{part:?} in its text")),
            self.code.map(|code| format!("the code {code}")),
            self.name.as_ref().map(|name| format!("the name {name}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("an error with {}", parts.join(" and "))
    }

    fn difference(&self, got: &Json, precision: Precision) -> Option<String> {
        let text = got["text"].as_str().unwrap_or_default();
        let is_as_expected = self.text.as_ref().is_none_or(|wanted| wanted == text)
            && self.contains.as_ref().is_none_or(|part| text.contains(part))
            && self.code.is_none_or(|code| got["code"].as_i64() == Some(code))
            // A command prints the text of an error and its code.
            && (precision.is_plain() && got["name"].is_null()
                || self.name.as_ref().is_none_or(|name| got["name"].as_str() == Some(name)));
        (!is_as_expected).then(|| format!("expected {}, got {}", self.told(), short(got)))
    }
}

/// One field of every item, joined: texts, or bytes in hex.
fn join(field: &str, items: &Json, precision: Precision) -> Json {
    let parts: Vec<&Json> =
        items.as_array().into_iter().flatten().filter_map(|item| item.get(field)).collect();
    if parts.iter().any(|part| part.get("$bytes").is_some()) {
        let hex: String = parts.iter().filter_map(|part| part["$bytes"].as_str()).collect();
        return json!({ "$bytes": hex });
    }
    if precision == Precision::Plain {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let parts = parts.iter().filter_map(|part| STANDARD.decode(part.as_str()?).ok());
        return json!(STANDARD.encode(parts.collect::<Vec<_>>().concat()));
    }
    json!(parts.iter().filter_map(|part| part.as_str()).collect::<String>())
}

/// Reads every case of a folder.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("no cases in {}", folder.display()))?;
    let mut files: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        cases.extend(parse(&text).with_context(|| format!("in {}", file.display()))?);
    }
    ensure!(!cases.is_empty(), "there are no cases in {}", folder.display());
    Ok(cases)
}

/// Reads the cases of one file.
pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Case>> {
    let file: File = toml::from_str(text)?;
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for raw in file.case {
        let name = raw.name.clone();
        ensure!(names.insert(name.clone()), "two cases are named {name:?}");
        cases
            .push(raw.check(&file.wires, file.servers.as_deref()).with_context(|| format!("case {name:?}"))?);
    }
    Ok(cases)
}

impl RawCase {
    fn check(self, wires: &[Wire], servers: Option<&[String]>) -> anyhow::Result<Case> {
        let call = self.call()?;
        let echoed = self.echoes.then(|| call["arguments"][0].clone());
        let expected = [
            echoed.map(Expected::Value),
            self.value.as_ref().map(from_toml).transpose()?.map(Expected::Value),
            self.items.as_ref().map(list).transpose()?.map(Expected::Items),
            self.joined.map(RawJoined::check).transpose()?,
            self.error.map(Expected::Error),
        ];
        let on = self.on.into_iter().map(|(server, raw)| Ok((server, raw.check()?)));
        Ok(Case {
            expected: only(expected)?,
            on: on.collect::<anyhow::Result<_>>()?,
            wires: self.wires.unwrap_or_else(|| wires.to_vec()),
            name: self.name,
            call,
            clients: self.clients,
            servers: servers.map(<[String]>::to_vec),
            is_lone: self.lone,
            except: self.except,
            known: self.known,
        })
    }

    fn call(&self) -> anyhow::Result<Json> {
        let mut call = json!({ "method": self.method });
        let arguments = self.arguments.iter().flatten().map(from_toml).collect::<anyhow::Result<Vec<_>>>()?;
        call["arguments"] = Json::Array(arguments);
        for (key, value) in [("named", &self.named), ("metadata", &self.metadata)] {
            if let Some(value) = value {
                call[key] = from_toml(value)?;
            }
        }
        if let Some(requests) = &self.requests {
            call["requests"] = Json::Array(list(requests)?);
        }
        if self.stream || self.items.is_some() || self.joined.is_some() {
            call["stream"] = json!(true);
        }
        for (key, number) in [("take", self.take), ("deadline_ms", self.deadline_ms)] {
            if let Some(number) = number {
                call[key] = json!(number);
            }
        }
        Ok(call)
    }
}

impl RawJoined {
    fn check(self) -> anyhow::Result<Expected> {
        Ok(Expected::Joined { whole: from_toml(&self.whole)?, field: self.field })
    }
}

impl RawExpected {
    fn check(self) -> anyhow::Result<Expected> {
        let value = self.value.as_ref().map(from_toml).transpose()?;
        only([value.map(Expected::Value), self.error.map(Expected::Error)])
    }
}

fn only<const N: usize>(expected: [Option<Expected>; N]) -> anyhow::Result<Expected> {
    let mut given = expected.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(expected), None) => Ok(expected),
        _ => bail!("it says once what must come of the call: value, items, joined, echoes or error"),
    }
}

fn list(value: &Toml) -> anyhow::Result<Vec<Json>> {
    match from_toml(value)? {
        Json::Array(items) => Ok(items),
        other => bail!("{} is no list", short(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(lines: &str) -> Case {
        let text = format!("wires = ['gob']\n[[case]]\nname = 'it'\nmethod = 'M'\n{lines}");
        parse(&text).unwrap().remove(0)
    }

    fn client() -> ClientPeer {
        toml::from_str("name = 'rust'\ntitle = 'Rust'\ncommand = []\nwires = ['gob']").unwrap()
    }

    #[test]
    fn a_value_alone_in_its_message_may_be_shown_without_that() {
        let case = case("items = [0, 3]\nlone = true");
        let (message, bare) = (client(), ClientPeer { bare: true, ..client() });
        let int = |text: &str| json!({ "$int": text });
        let items = json!({ "items": [int("0"), int("3")] });
        let messages = json!({ "items": [{ "value": int("0") }, { "value": int("3") }] });
        for (client, right, wrong) in [(&bare, &items, &messages), (&message, &messages, &items)] {
            assert_eq!(case.verdict((client, "manywire"), right, Precision::Exact), None);
            assert!(case.verdict((client, "manywire"), wrong, Precision::Exact).is_some());
        }
    }

    #[test]
    fn answers_are_judged() {
        let value = case("value = 5\non.go-netrpc.error = { contains = 'no' }");
        let five = json!({"id": 1, "value": {"$int": "5"}});
        let error = json!({"id": 1, "error": {"text": "oh no"}});
        assert_eq!(value.verdict((&client(), "manywire"), &five, Precision::Exact), None);
        assert!(value.verdict((&client(), "manywire"), &error, Precision::Exact).is_some());
        assert_eq!(value.verdict((&client(), "go-netrpc"), &error, Precision::Exact), None);
        assert!(value.verdict((&client(), "go-netrpc"), &five, Precision::Exact).is_some());
        assert!(value.verdict((&client(), "manywire"), &json!({"id": 1}), Precision::Exact).is_some());
    }

    #[test]
    fn errors_are_compared_in_what_the_case_says() {
        let error = case("error = { text = 'no', code = -32601 }");
        let verdict =
            |got: Json| error.verdict((&client(), "manywire"), &json!({ "error": got }), Precision::Exact);
        assert_eq!(verdict(json!({"text": "no", "code": -32601, "name": "x"})), None);
        assert!(verdict(json!({"text": "no", "code": -32600})).is_some());
        assert!(verdict(json!({"text": "no"})).is_some());
        assert!(verdict(json!({"text": "yes", "code": -32601})).is_some());
    }

    #[test]
    fn a_stream_in_pieces_is_joined() {
        let joined = case("joined = { field = 'content', whole = { '$bytes' = '000102' } }");
        let verdict = |items: Json, precision| {
            joined.verdict((&client(), "manywire"), &json!({ "items": items }), precision)
        };
        let hex = |text: &str| json!({"content": {"$bytes": text}});
        assert_eq!(verdict(json!([hex("0001"), hex("02")]), Precision::Exact), None);
        assert_eq!(verdict(json!([{"content": "AAE="}, {"content": "Ag=="}]), Precision::Plain), None);
        assert!(verdict(json!([hex("0001")]), Precision::Exact).is_some());
    }

    #[test]
    fn a_case_that_expects_nothing_or_twice_is_refused() {
        for lines in ["", "value = 1\nerror = { text = 'x' }", "vlaue = 1"] {
            let text = format!("wires = ['gob']\n[[case]]\nname = 'it'\nmethod = 'M'\n{lines}");
            assert!(parse(&text).is_err(), "{lines}");
        }
    }
}
