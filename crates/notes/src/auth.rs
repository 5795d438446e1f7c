//! Who may call: a pair of id and key.

use std::fmt;
use std::str::FromStr;

use manywire_core::{ErrorKind, Head, RpcError};
use subtle::ConstantTimeEq as _;

/// Services whose calls need no token.
const OPEN: &[&str] = &["grpc.health.v1.Health/", "grpc.reflection."];

/// The id and the key that a caller must show.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    appid: String,
    appkey: String,
}

impl Token {
    /// The id and the key, for a client to show.
    pub fn pair(&self) -> (&str, &str) {
        (&self.appid, &self.appkey)
    }

    /// Refuses callers of gRPC's methods who do not show the token. Health and reflection need none: a balancer asks for the
    /// one, a tool for the other.
    pub fn guard(self) -> impl Fn(&Head<'_>) -> Result<(), RpcError> + Send + Sync + 'static {
        move |call| {
            let is_open = OPEN.iter().any(|service| call.method().starts_with(service));
            if is_open || call.wire() != "grpc" {
                return Ok(());
            }
            self.check(call.metadata().get("appid"), call.metadata().get("appkey"))
        }
    }

    /// Refuses a caller who shows no token, or a wrong one.
    pub fn check(&self, appid: Option<&[u8]>, appkey: Option<&[u8]>) -> Result<(), RpcError> {
        if appid.is_none() && appkey.is_none() {
            return Err(RpcError::new(ErrorKind::Unauthenticated, "未传输token"));
        }
        let is_id = self.appid.as_bytes().ct_eq(appid.unwrap_or_default());
        let is_key = self.appkey.as_bytes().ct_eq(appkey.unwrap_or_default());
        if bool::from(is_id & is_key) {
            return Ok(());
        }
        Err(RpcError::new(ErrorKind::Unauthenticated, "token 不正确"))
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(pair: &str) -> Result<Self, String> {
        let is_sendable = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        match pair.split_once(':') {
            Some((id, key)) if is_sendable(id) && is_sendable(key) => {
                Ok(Self { appid: id.to_owned(), appkey: key.to_owned() })
            }
            _ => Err("write the token as APPID:APPKEY, in visible ASCII characters".to_owned()),
        }
    }
}

/// Keeps the key out of logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("appid", &self.appid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_pair_opens() {
        let token: Token = "app:key:with:colons".parse().unwrap();
        let check = |id: Option<&str>, key: Option<&str>| {
            token.check(id.map(str::as_bytes), key.map(str::as_bytes)).map_err(|e| e.message().to_owned())
        };
        assert_eq!(check(Some("app"), Some("key:with:colons")), Ok(()));
        assert_eq!(check(None, None), Err("未传输token".into()));
        for (id, key) in [
            (Some("app"), None),
            (None, Some("key:with:colons")),
            (Some("app"), Some("key")),
            (Some("ap"), Some("key:with:colons")),
            (Some(""), Some("")),
        ] {
            assert_eq!(check(id, key), Err("token 不正确".into()), "{id:?} {key:?}");
        }
    }

    #[test]
    fn half_a_pair_is_no_token() {
        for text in ["", "app", "app:", ":key", "app:k y", "アプリ:key"] {
            text.parse::<Token>().unwrap_err();
        }
    }
}
