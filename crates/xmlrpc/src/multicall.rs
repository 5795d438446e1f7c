//! What `system.multicall` is asked for: `[{methodName, params}, …]`.

use manywire_core::Value;

use crate::encode::kind;
use crate::error::Fault;
use crate::message::MethodCall;
use crate::system::MULTICALL;

/// One of many calls, or why it is none.
pub(crate) type Entry = Result<MethodCall, Fault>;

/// The calls in their order; an error only if there is no list of them.
pub(crate) fn entries(mut params: Vec<Value>, most: usize) -> Result<impl Iterator<Item = Entry>, Fault> {
    let (Some(Value::Array(calls)), true) = (params.pop(), params.is_empty()) else {
        return Err(Fault::invalid_params("system.multicall takes one parameter, an array of calls"));
    };
    if calls.len() > most {
        let got = calls.len();
        return Err(Fault::invalid_request(format!(
            "system.multicall takes at most {most} calls, got {got}"
        )));
    }
    Ok(calls.into_iter().map(entry))
}

fn entry(call: Value) -> Entry {
    let Value::Map(members) = call else {
        return Err(Fault::invalid_params(format!(
            "a call is a struct of methodName and params, got {}",
            kind(&call)
        )));
    };
    let (mut name, mut params) = (Value::Null, Value::Array(Vec::new()));
    for (key, value) in members {
        match key.as_str() {
            Some("methodName") => name = value,
            Some("params") => params = value,
            _ => {}
        }
    }
    match (name, params) {
        (Value::String(name), _) if name == MULTICALL => {
            Err(Fault::invalid_request("system.multicall inside itself is refused"))
        }
        (Value::String(name), Value::Array(params)) => Ok(MethodCall { name, params, extensions: false }),
        (Value::String(_), params) => {
            Err(Fault::invalid_params(format!("a call's params are an array, got {}", kind(&params))))
        }
        (name, _) => {
            Err(Fault::invalid_params(format!("a call's methodName is a string, got {}", kind(&name))))
        }
    }
}
