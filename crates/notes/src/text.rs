//! The greetings of the notes.

use manywire_core::RpcError;

/// Someone's name.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct Name {
    name: String,
}

/// A message.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct Message {
    message: String,
}

/// `h.Hello`: takes a bare string, as Go's methods may.
pub async fn hello_go(name: String) -> Result<String, RpcError> {
    Ok(format!("hello,{name}"))
}

/// `js.J`, likewise.
pub async fn j(text: String) -> Result<String, RpcError> {
    Ok(format!("123,{text}"))
}

/// The greeting of the zerorpc notes.
pub async fn hello(Name { name }: Name) -> Result<String, RpcError> {
    Ok(format!("Hello,{name}"))
}

/// The message, announced.
pub async fn listinfo(Message { message }: Message) -> Result<String, RpcError> {
    Ok(format!("get info : {message}"))
}
