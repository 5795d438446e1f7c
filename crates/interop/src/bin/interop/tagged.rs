//! How the cases' values are written for the peers: JSON in which nothing is lost.
//!
//! `null`, booleans, texts, lists and objects are themselves. The rest is an object with one key: `{"$int": "5"}`,
//! `{"$float": "0.5"}`, `{"$bytes": "00ff"}` in hex, `{"$date": "1998-07-17T14:08:55"}`, and `{"$pairs": [[key, value], …]}`
//! for maps whose keys are not texts. What a case says in short is written out here: `{ "$repeat" = "x", times = 1000 }`.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value as Json, json};
use toml::{Table, Value as Toml};

/// The longest text or list that a case may ask for.
const LONGEST: usize = 16 << 20;

/// What a case's TOML says, as peers read it.
pub(crate) fn from_toml(value: &Toml) -> anyhow::Result<Json> {
    Ok(match value {
        Toml::String(text) => json!(text),
        Toml::Boolean(is_true) => json!(is_true),
        Toml::Integer(integer) => int(integer),
        Toml::Float(float) => json!({ "$float": format!("{float:?}") }),
        Toml::Datetime(date) => json!({ "$date": date.to_string() }),
        Toml::Array(items) => Json::Array(items.iter().map(from_toml).collect::<Result<_, _>>()?),
        Toml::Table(table) => match table.keys().find(|key| key.starts_with('$')) {
            Some(tag) => special(tag, table).with_context(|| format!("in {value}"))?,
            None => {
                let pairs = table.iter().map(|(key, value)| Ok((key.clone(), from_toml(value)?)));
                Json::Object(pairs.collect::<anyhow::Result<_>>()?)
            }
        },
    })
}

fn int(integer: &impl ToString) -> Json {
    json!({ "$int": integer.to_string() })
}

fn special(tag: &str, table: &Table) -> anyhow::Result<Json> {
    let value = &table[tag];
    Ok(match (tag, value) {
        ("$nil", _) => Json::Null,
        ("$uint", Toml::String(digits)) => int(&digits.parse::<u64>()?),
        ("$bytes" | "$any", Toml::String(_)) => json!({ tag: from_toml(value)? }),
        ("$pairs", Toml::Array(_)) => json!({ tag: from_toml(value)? }),
        ("$repeat", Toml::String(text)) => {
            let before = table.get("before").and_then(Toml::as_str).unwrap_or_default();
            json!(format!("{before}{}", text.repeat(times(table, text.len())?)))
        }
        ("$repeat", Toml::Table(inner)) => match special("$bytes", inner)? {
            Json::Object(bytes) => {
                let hex = bytes["$bytes"].as_str().unwrap_or_default();
                json!({ "$bytes": hex.repeat(times(table, hex.len())?) })
            }
            _ => bail!("only texts and bytes are repeated; $list makes lists"),
        },
        ("$list", item) => Json::Array(vec![from_toml(item)?; times(table, 1)?]),
        ("$range", Toml::Array(ends)) => range(ends)?,
        ("$deep", Toml::Integer(levels)) => {
            (0..(*levels).min(1_000)).fold(Json::Null, |inner, _| Json::Array(vec![inner]))
        }
        _ => bail!("no such short form as {tag}"),
    })
}

fn times(table: &Table, each: usize) -> anyhow::Result<usize> {
    let times = table.get("times").and_then(Toml::as_integer).context("`times` says how often")?;
    let times = usize::try_from(times)?;
    if times.checked_mul(each.max(1)).is_none_or(|all| all > LONGEST) {
        bail!("that is longer than {LONGEST}");
    }
    Ok(times)
}

fn range(ends: &[Toml]) -> anyhow::Result<Json> {
    let ends: Option<Vec<i64>> = ends.iter().map(Toml::as_integer).collect();
    let Some(&[from, to, step]) = ends.as_deref() else { bail!("a range is written [from, to, step]") };
    ensure!(step > 0, "a range goes up");
    let step = usize::try_from(step)?;
    let numbers: Vec<Json> = (from..to).step_by(step).take(LONGEST).map(|number| int(&number)).collect();
    Ok(Json::Array(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(toml: &str) -> Json {
        let table: Table = toml::from_str(&format!("value = {toml}")).unwrap();
        from_toml(&table["value"]).unwrap()
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(written("-9223372036854775808"), json!({"$int": "-9223372036854775808"}));
        assert_eq!(written("1.0"), json!({"$float": "1.0"}));
        assert_eq!(written("nan"), json!({"$float": "NaN"}));
        assert_eq!(written("1998-07-17T14:08:55"), json!({"$date": "1998-07-17T14:08:55"}));
        assert_eq!(written("{ a = [true, '世'] }"), json!({"a": [true, "世"]}));
    }

    #[test]
    fn short_forms_are_written_out() {
        assert_eq!(written("{ '$nil' = true }"), Json::Null);
        assert_eq!(written("{ '$uint' = '18446744073709551615' }"), json!({"$int": "18446744073709551615"}));
        assert_eq!(written("{ '$repeat' = 'ab', times = 2 }"), json!("abab"));
        assert_eq!(
            written("{ '$repeat' = { '$bytes' = '00ff' }, times = 2 }"),
            json!({"$bytes": "00ff00ff"})
        );
        assert_eq!(written("{ '$list' = 'x', times = 2 }"), json!(["x", "x"]));
        assert_eq!(written("{ '$range' = [0, 4, 2] }"), json!([{"$int": "0"}, {"$int": "2"}]));
        assert_eq!(written("{ '$deep' = 2 }"), json!([[null]]));
    }

    #[test]
    fn nonsense_is_refused() {
        for toml in
            ["{ '$nothing' = 1 }", "{ '$repeat' = 'x', times = -1 }", "{ '$list' = 'x', times = 99999999 }"]
        {
            let table: Table = toml::from_str(&format!("value = {toml}")).unwrap();
            assert!(from_toml(&table["value"]).is_err(), "{toml}");
        }
    }
}
